"""A live node with everything on it: components, guard, recording, session."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.runtime.live.actions import Action
from nautilus_scalp.runtime.live.actions import Actions
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.guard import GUARD_ID
from nautilus_scalp.runtime.live.guard import TAG
from nautilus_scalp.runtime.live.guard import GuardLinks
from nautilus_scalp.runtime.live.guard import LiveGuard
from nautilus_scalp.runtime.live.guard import LiveGuardConfig
from nautilus_scalp.runtime.live.node import build_node
from nautilus_scalp.runtime.live.record import LiveRecording
from nautilus_scalp.runtime.live.session import LiveSession
from nautilus_scalp.runtime.live.state import Component
from nautilus_scalp.runtime.live.state import StateDirectory
from nautilus_scalp.runtime.recording.clocks import Firing
from nautilus_scalp.runtime.recording.clocks import LoopClock
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
    blocks = complete_blocks(config.actors, config.strategies, model)
    recording = None
    if config.recorder is not None:
        started = kernel.clock.utc_now().strftime("%Y%m%dT%H%M%S%f")
        directory = state.path / RECORDINGS / started
        recording = LiveRecording(kernel, blocks, config.recorder, directory)

    def note_firing(firing: Firing) -> None:
        if recording is not None:
            recording.note("timer", firing)

    def note_action(action: Action) -> None:
        if recording is not None:
            recording.note("action", action)

    def forget(_firing: Firing) -> None:
        """Keep the timers of guard and recorder off the record: a replay has neither."""

    add_components(kernel, blocks, lambda name: LoopClock(loop, name, note_firing))
    components: list[Component] = [*node.trader.actors(), *node.trader.strategies()]
    restored = state.load(components)
    if recording is not None:
        recording.begin(LoopClock(loop, "recorder", forget), restored)

    def save() -> None:
        state.save(components)

    def remarks() -> list[str]:
        return [recording.remark()] if recording is not None else []

    actions = Actions(note_action)
    session = LiveSession(node, config.live, GUARD_ID, say, actions)
    links = GuardLinks(
        trader=node.trader,
        risk_engine=kernel.risk_engine,
        say=say,
        stop=session.stop,
        save=save,
        actions=actions,
        remarks=remarks,
    )
    guard = LiveGuard(_guard_config(config, state), links)
    add_strategy(kernel, guard, LoopClock(loop, str(GUARD_ID), forget))
    return Assembly(node=node, session=session, recording=recording, restored=restored, save=save)


def _guard_config(config: LiveConfig, state: StateDirectory) -> LiveGuardConfig:
    live = config.live
    claims = None if live.unowned == "leave" and not state.crashed else config.instrument_ids
    return LiveGuardConfig(
        order_id_tag=TAG,
        oms_type="NETTING",
        use_uuid_client_order_ids=True,
        external_order_claims=[InstrumentId.from_str(name) for name in claims or ()],
        venue=live.venue,
        watched=config.instrument_ids,
        kill_file=str(state.kill_file),
        stale_after_s=live.stale_after_s,
        status_interval_s=live.status_interval_s,
        flatten_unowned=live.unowned == "flatten" or state.crashed,
        patience_s=_COMPARISONS * live.position_check_interval_s,
    )
