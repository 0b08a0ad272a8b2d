"""A live node with everything on it: components, guard, recording, session."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import ComponentId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.system.kernel import NautilusKernel

from nautilus_scalp.actors.ensemble import EnsembleActor
from nautilus_scalp.actors.regime import RegimeActor
from nautilus_scalp.actors.venue_history import Joined
from nautilus_scalp.actors.venue_history import VenueHistory
from nautilus_scalp.actors.venue_history import VenueHistoryConfig
from nautilus_scalp.runtime.blocks import StrategyBlock
from nautilus_scalp.runtime.live.actions import Action
from nautilus_scalp.runtime.live.actions import Actions
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.config import WarmUpSection
from nautilus_scalp.runtime.live.guard import GUARD_ID
from nautilus_scalp.runtime.live.guard import TAG
from nautilus_scalp.runtime.live.guard import GuardLinks
from nautilus_scalp.runtime.live.guard import LiveGuard
from nautilus_scalp.runtime.live.guard import LiveGuardConfig
from nautilus_scalp.runtime.live.history import HistorySource
from nautilus_scalp.runtime.live.leverage import obey_leverage
from nautilus_scalp.runtime.live.node import build_node
from nautilus_scalp.runtime.live.record import LiveRecording
from nautilus_scalp.runtime.live.refused import refused
from nautilus_scalp.runtime.live.rehearsing import Rehearsing
from nautilus_scalp.runtime.live.session import LiveSession
from nautilus_scalp.runtime.live.state import Component
from nautilus_scalp.runtime.live.state import Owners
from nautilus_scalp.runtime.live.state import StateDirectory
from nautilus_scalp.runtime.live.state import warnings_said
from nautilus_scalp.runtime.recording.clocks import Firing
from nautilus_scalp.runtime.recording.clocks import LoopClock
from nautilus_scalp.runtime.recording.components import Blocks
from nautilus_scalp.runtime.recording.components import add_actor
from nautilus_scalp.runtime.recording.components import add_components
from nautilus_scalp.runtime.recording.components import add_strategy
from nautilus_scalp.runtime.recording.components import complete_blocks
from nautilus_scalp.runtime.recording.run import RECORDINGS
from nautilus_scalp.runtime.recording.run import States


_COMPARISONS = 3

type Say = Callable[[str], None]


class Assembly(msgspec.Struct, frozen=True, kw_only=True):
    """A node that is ready to run, and what runs it."""

    node: TradingNode
    session: LiveSession
    recording: LiveRecording | None
    restored: States
    owners: Owners
    save: Callable[[], None]


def assemble(
    config: LiveConfig, keys: Credentials, state: StateDirectory, model: Path | None, say: Say
) -> Assembly:
    """Put a live node together.

    Parameters
    ----------
    config : LiveConfig
        What to trade, and where.
    keys : Credentials
        The venue's.
    state : StateDirectory
        Where the run keeps its state.
    model : Path, optional
        Artifact for the blocks that want one and name none.
    say : Callable[[str], None]
        Takes a line for the person who watches.

    Returns
    -------
    Assembly
        Its components have their state back.

    """
    node = build_node(config, keys, state.logs)
    kernel, loop = node.kernel, node.kernel.loop
    adopted = _adopted(config, state)
    strategies = [_claiming(block, adopted) for block in config.strategies]
    blocks = complete_blocks(config.actors, strategies, model, state.kill_file)
    record = _Record(_recording(config, kernel, blocks, state))
    add_components(kernel, blocks, lambda name: LoopClock(loop, name, record.note_firing))
    components: list[Component] = [*node.trader.actors(), *node.trader.strategies()]
    _warm_up(config, kernel, state, record.recording)
    if config.live.rehearsal_ms > 0:
        actors = [one for one in components if isinstance(one, EnsembleActor)]
        Rehearsing(loop, actors, config.live.rehearsal_ms / 1_000).begin()
    restored = _restore(config, node, state, components, say)
    if record.recording is not None:
        record.recording.begin(LoopClock(loop, "recorder", _off_the_record), restored)

    def save() -> None:
        if config.redis is None:
            state.save_or_say(components, say)
        else:
            node.trader.save()

    actions = Actions(record.note_action)
    session = LiveSession(node, config.live, GUARD_ID, say, actions)
    links = GuardLinks(
        trader=node.trader,
        risk_engine=kernel.risk_engine,
        say=say,
        stop=session.stop,
        save=save,
        actions=actions,
        remarks=lambda: [*_warming_up(kernel), *refused(node.trader), *record.remarks()],
    )
    guard = LiveGuard(_guard_config(config, state, adopted), links)
    add_strategy(kernel, guard, LoopClock(loop, str(GUARD_ID), _off_the_record))
    obey_leverage(kernel, config.live.venue, say, simulated=config.live.mode == "paper")
    return Assembly(
        node=node,
        session=session,
        recording=record.recording,
        restored=restored,
        owners=_owners(config),
        save=save,
    )


class _Record:
    """What goes on record, if there is one."""

    def __init__(self, recording: LiveRecording | None) -> None:
        self.recording = recording

    def note_firing(self, firing: Firing) -> None:
        """Put a timer on record."""
        if self.recording is not None:
            self.recording.note("timer", firing)

    def note_action(self, action: Action) -> None:
        """Put something done from outside on record."""
        if self.recording is not None:
            self.recording.note("action", action)

    def remarks(self) -> list[str]:
        """Return words for the status line."""
        return [self.recording.remark()] if self.recording is not None else []


def _off_the_record(_firing: Firing) -> None:
    """Ignore a timer of guard or recorder: a replay has neither."""


def _recording(
    config: LiveConfig, kernel: NautilusKernel, blocks: Blocks, state: StateDirectory
) -> LiveRecording | None:
    if config.recorder is None:
        return None
    started = kernel.clock.utc_now().strftime("%Y%m%dT%H%M%S%f")
    return LiveRecording(kernel, blocks, config.recorder, state.path / RECORDINGS / started)


def _warm_up(
    config: LiveConfig,
    kernel: NautilusKernel,
    state: StateDirectory,
    recording: LiveRecording | None,
) -> None:
    """Give models and regimes a history to live through, and put that on record."""
    if config.warm_up is None:
        return
    if config.warm_up.source == "venue":
        _ask_venue(config.warm_up, kernel, recording)
        return
    source = HistorySource(config, state.path, kernel.clock.timestamp_ns)
    for actor in kernel.trader.actors():
        if isinstance(actor, EnsembleActor | RegimeActor):
            history = source if recording is None else recording.kept(source, str(actor.id))
            actor.live_through(history)


def _ask_venue(
    warm_up: WarmUpSection, kernel: NautilusKernel, recording: LiveRecording | None
) -> None:
    """Give every ensemble actor the venue's past trades, as soon as they are there."""
    for actor in kernel.trader.actors():
        if not isinstance(actor, EnsembleActor):
            continue

        def deliver(joined: Joined, actor: EnsembleActor = actor) -> None:
            if recording is not None:
                recording.keep_venue_history(joined.tape, str(actor.id))
            actor.relive(joined.tape)

        name = f"{actor.id}-history"
        history = VenueHistory(
            VenueHistoryConfig(
                component_id=ComponentId(name),
                instrument_ids=actor.config.instrument_ids,
                minutes=warm_up.minutes,
            ),
            deliver,
        )
        add_actor(kernel, history, LoopClock(kernel.loop, name, _off_the_record))


def _warming_up(kernel: NautilusKernel) -> list[str]:
    words = [
        f"{name.symbol} ({len(actor.cold(name))} features cold)"
        for actor in kernel.trader.actors()
        if isinstance(actor, EnsembleActor)
        for name in actor.warming_up
    ]
    return [f"warming up {', '.join(words)}"] if words else []


def _owners(config: LiveConfig) -> Owners:
    return {
        str(block.config["instrument_id"]): block.strategy_path
        for block in config.strategies
        if "instrument_id" in block.config
    }


def _adopted(config: LiveConfig, state: StateDirectory) -> list[str]:
    """Return the instruments whose strategy takes up again what a crash left."""
    if config.live.after_crash != "adopt":
        return []
    left = state.owners
    return sorted(name for name, path in _owners(config).items() if left.get(name) == path)


def _claiming(block: StrategyBlock, adopted: list[str]) -> StrategyBlock:
    """Let Nautilus give a strategy the orders and positions that it finds in its instrument."""
    name = block.config.get("instrument_id")
    if name not in adopted:
        return block
    return msgspec.structs.replace(block, config={**block.config, "external_order_claims": [name]})


def _restore(
    config: LiveConfig,
    node: TradingNode,
    state: StateDirectory,
    components: list[Component],
    say: Say,
) -> States:
    """Give components their state back, from Redis if there is one, else from the file.

    What they took is asked of them: they turn down what is too old, and warn of what does not fit.
    """
    if config.redis is None:
        state.load(components, say)
    else:
        with warnings_said(say, f"Redis at {config.redis.host}:{config.redis.port}"):
            node.trader.load()
    states = {str(component.id): component.save() for component in components}
    return {name: saved for name, saved in states.items() if saved}


def _guard_config(config: LiveConfig, state: StateDirectory, adopted: list[str]) -> LiveGuardConfig:
    live = config.live
    claims = None if live.unowned == "leave" and not state.crashed else config.instrument_ids
    return LiveGuardConfig(
        order_id_tag=TAG,
        oms_type="NETTING",
        use_uuid_client_order_ids=True,
        external_order_claims=[InstrumentId.from_str(n) for n in claims or () if n not in adopted],
        venue=live.venue,
        watched=config.instrument_ids,
        kill_file=str(state.kill_file),
        stale_after_s=live.stale_after_s,
        status_interval_s=live.status_interval_s,
        flatten_unowned=live.unowned == "flatten" or state.crashed,
        patience_s=_COMPARISONS * live.position_check_interval_s,
    )
