"""Actor and strategy blocks: Nautilus's own importable configurations, checked key by key."""

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from nautilus_trader.common.config import resolve_path

from nautilus_scalp.errors import UsageError
from nautilus_scalp.settings import reject_unknown_keys


class ActorBlock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nautilus's ``ImportableActorConfig``, key by key."""

    actor_path: str
    config_path: str
    config: dict[str, Any] = {}

    @property
    def class_path(self) -> str:
        """Where the actor's class is."""
        return self.actor_path


class StrategyBlock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nautilus's ``ImportableStrategyConfig``, key by key."""

    strategy_path: str
    config_path: str
    config: dict[str, Any] = {}

    @property
    def class_path(self) -> str:
        """Where the strategy's class is."""
        return self.strategy_path


type Block = ActorBlock | StrategyBlock


def instrument_ids(blocks: Iterable[Block]) -> list[str]:
    """Return every instrument that a block names, in order and once.

    Parameters
    ----------
    blocks : Iterable[ActorBlock or StrategyBlock]
        Strategies first, so that what is traded comes before what is only watched.

    Returns
    -------
    list[str]
        Nautilus instrument ids.

    """
    found: dict[str, None] = {}
    for block in blocks:
        single = [block.config["instrument_id"]] if "instrument_id" in block.config else []
        found.update(dict.fromkeys((*single, *block.config.get("instrument_ids", []))))
    return list(found)


def check_blocks(
    actors: Sequence[ActorBlock], strategies: Sequence[StrategyBlock], source: Path
) -> None:
    """Let every block's own configuration class judge its keys and types.

    Parameters
    ----------
    actors : Sequence[ActorBlock]
        Actor blocks.
    strategies : Sequence[StrategyBlock]
        Strategy blocks; at least one.
    source : Path
        The file that they stand in, for the message.

    Raises
    ------
    UsageError
        Naming file, line and key of whatever is wrong.

    """
    if not strategies:
        message = f"{source}: no [[strategies]] block"
        raise UsageError(message, "add at least one strategy block")
    for index, actor in enumerate(actors):
        _check_block(actor, source, f"actors[{index}]")
    for index, strategy in enumerate(strategies):
        _check_block(strategy, source, f"strategies[{index}]")


def _check_block(block: Block, source: Path, where: str) -> None:
    """Let the block's own configuration class judge its keys and types."""
    _resolve(block.class_path, source, where)
    config_class = _resolve(block.config_path, source, where)
    reject_unknown_keys(block.config, config_class, source, f"{where}.config")
    # The runner fills in the model's path when the block leaves it out.
    pending = {"model_path": ""} if "model_path" in config_class.__struct_fields__ else {}
    try:
        config_class.parse(msgspec.json.encode(pending | block.config))
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        reason, _, at = str(error).partition(" - at ")
        key = at.strip("`").removeprefix("$")
        message = f"{source}: {where}.config{key}: {reason}"
        raise UsageError(message, "add the key, or give it a value of the expected type") from error


def _resolve(path: str, source: Path, where: str) -> Any:  # noqa: ANN401 (any class at all)
    try:
        return resolve_path(path)
    except (ImportError, AttributeError, ValueError) as error:
        message = f"{source}: {where}: cannot import {path!r} ({error})"
        raise UsageError(message, "write it as package.module:ClassName") from error
