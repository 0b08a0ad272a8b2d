"""Actors and strategies of a configuration, each with a clock of the caller's choice."""

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.component import Clock
from nautilus_trader.common.config import ActorFactory
from nautilus_trader.common.config import resolve_config_path
from nautilus_trader.config import ImportableActorConfig
from nautilus_trader.config import ImportableStrategyConfig
from nautilus_trader.config import StrategyFactory
from nautilus_trader.system.kernel import NautilusKernel
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.errors import UsageError
from nautilus_scalp.models.registry import find_artifact
from nautilus_scalp.runtime.blocks import ActorBlock
from nautilus_scalp.runtime.blocks import StrategyBlock


class Blocks(msgspec.Struct, frozen=True, kw_only=True):
    """Blocks with everything filled in that a run decides: models, tags, order ids."""

    actors: list[ActorBlock]
    strategies: list[StrategyBlock]


def complete_blocks(
    actors: Sequence[ActorBlock],
    strategies: Sequence[StrategyBlock],
    model: Path | None,
    kill_file: Path,
) -> Blocks:
    """Fill in what a live run adds to the blocks of a configuration.

    Parameters
    ----------
    actors : Sequence[ActorBlock]
        As configured.
    strategies : Sequence[StrategyBlock]
        As configured.
    model : Path, optional
        Artifact for the blocks that want one and name none.
    kill_file : Path
        Kill switch for the blocks that keep one and name none: one switch stops everything.

    Returns
    -------
    Blocks
        Complete.

    Raises
    ------
    UsageError
        If a block wants a model and none is named.

    """
    return Blocks(
        actors=[
            msgspec.structs.replace(block, config=_switched(block, model, kill_file))
            for block in actors
        ],
        strategies=[
            msgspec.structs.replace(block, config=_tagged(block, number, model))
            for number, block in enumerate(strategies, start=1)
        ],
    )


def add_components(
    kernel: NautilusKernel, blocks: Blocks, clock_of: Callable[[str], Clock]
) -> None:
    """Make the actors and strategies of the blocks, and add them to a kernel.

    Parameters
    ----------
    kernel : NautilusKernel
        Its trader takes them, in the order of the blocks.
    blocks : Blocks
        Complete.
    clock_of : Callable[[str], Clock]
        Makes the clock of a component, by its id.

    """
    for actor_block in blocks.actors:
        actor = ActorFactory.create(
            ImportableActorConfig(
                actor_path=actor_block.actor_path,
                config_path=actor_block.config_path,
                config=actor_block.config,
            )
        )
        add_actor(kernel, actor, clock_of(str(actor.id)))
    for block in blocks.strategies:
        strategy = StrategyFactory.create(
            ImportableStrategyConfig(
                strategy_path=block.strategy_path,
                config_path=block.config_path,
                config=block.config,
            )
        )
        add_strategy(kernel, strategy, clock_of(str(strategy.id)))


def add_actor(kernel: NautilusKernel, actor: Actor, clock: Clock) -> None:
    """Do what Nautilus's ``Trader.add_actor`` does, which would give the actor a clock of its own.

    Parameters
    ----------
    kernel : NautilusKernel
        Whose trader.
    actor : Actor
        Not registered yet.
    clock : Clock
        Its clock.

    """
    actor.register_base(kernel.portfolio, kernel.msgbus, kernel.cache, clock)
    kernel.trader._actors[actor.id] = actor  # noqa: SLF001 (there is no other way in)


def add_strategy(kernel: NautilusKernel, strategy: Strategy, clock: Clock) -> None:
    """Do what Nautilus's ``Trader.add_strategy`` does, with a clock of the caller's.

    Parameters
    ----------
    kernel : NautilusKernel
        Whose trader.
    strategy : Strategy
        Not registered yet; its configuration names an ``order_id_tag``.
    clock : Clock
        Its clock.

    Raises
    ------
    UsageError
        If the strategy's id is taken.

    """
    strategies = kernel.trader._strategies  # noqa: SLF001 (there is no other way in)
    if strategy.id in strategies:
        message = f"two strategies are called {strategy.id}"
        raise UsageError(message, "give them different values of order_id_tag")
    strategy.register(kernel.trader_id, kernel.portfolio, kernel.msgbus, kernel.cache, clock)
    kernel.exec_engine.register_oms_type(strategy)
    kernel.exec_engine.register_external_order_claims(strategy)
    strategies[strategy.id] = strategy


def _tagged(block: StrategyBlock, number: int, model: Path | None) -> dict[str, Any]:
    # Nautilus's own order ids carry a second and a count, and would repeat after a quick restart.
    defaults = {
        "order_id_tag": f"{number:03d}",
        "oms_type": "NETTING",
        "use_uuid_client_order_ids": True,
    }
    return _with_model({**defaults, **block.config}, block, model)


def _switched(block: ActorBlock, model: Path | None, kill_file: Path) -> dict[str, Any]:
    config = _with_model(block.config, block, model)
    keeps_one = "kill_file" in resolve_config_path(block.config_path).__struct_fields__
    return {"kill_file": str(kill_file), **config} if keeps_one else config


def _with_model(
    config: dict[str, Any], block: ActorBlock | StrategyBlock, model: Path | None
) -> dict[str, Any]:
    wants_model = "model_path" in resolve_config_path(block.config_path).__struct_fields__
    if not wants_model:
        return config
    if "model_path" in config:
        model = find_artifact(Path(config["model_path"]))  # who is champion may change later
    if model is None:
        message = f"{block.config_path}: the block needs a model, and the configuration names none"
        raise UsageError(message, "set model.path, model.training or the block's model_path")
    return {**config, "model_path": str(model)}
