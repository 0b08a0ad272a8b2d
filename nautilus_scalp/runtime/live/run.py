"""Trade one configuration: on a practice exchange, on paper, on a test network, for real."""

import gc
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.errors import ScalpError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.live.assembly import Assembly
from nautilus_scalp.runtime.live.assembly import assemble
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.config import load_live_config
from nautilus_scalp.runtime.live.model import find_live_model
from nautilus_scalp.runtime.live.model import model_paths
from nautilus_scalp.runtime.live.model import named_model
from nautilus_scalp.runtime.live.model import warm_up
from nautilus_scalp.runtime.live.preflight import Check
from nautilus_scalp.runtime.live.preflight import preflight
from nautilus_scalp.runtime.live.probe import probe
from nautilus_scalp.runtime.live.profit import Books
from nautilus_scalp.runtime.live.profit import profit_line
from nautilus_scalp.runtime.live.state import StateDirectory
from nautilus_scalp.runtime.live.takeover import TAKEN_OVER
from nautilus_scalp.runtime.live.venue import venue_of


_FLAG = "--i-accept-real-money"


def run_live(path: Path, overrides: Sequence[str], accept_real_money: bool) -> None:  # noqa: FBT001 (the one flag of a command)
    """Trade until SIGTERM, SIGINT, the kill switch or `live.stop_after_s`.

    Parameters
    ----------
    path : Path
        The live configuration.
    overrides : Sequence[str]
        ``PATH=VALUE`` assignments.
    accept_real_money : bool
        Whether the caller has said that mode "live" may spend money.

    Raises
    ------
    UsageError
        For a wrong configuration, a missing precondition, or a node that does not come up.
    ScalpError
        If the node stopped by itself, or left an order or a position behind.

    """
    config = load_live_config(path, overrides)
    _ask_for_money(config, accepted=accept_real_money)
    state = StateDirectory(Path(config.live.state_dir))
    try:
        if state.kill_file.exists():
            message = f"the kill switch {state.kill_file} is on"
            raise UsageError(message, "remove the file when trading may start again")
        if config.model.training is not None and named_model(config) is None:
            _say(f"no trained model in the cache: training first, {config.model.training}")
        model = find_live_model(config)
        with venue_of(config) as (config_at_venue, keys):
            _refuse_to_start(preflight(config_at_venue, keys, state, model))
            _trade(config_at_venue, keys, state, model)
    finally:
        state.close()


def _ask_for_money(config: LiveConfig, *, accepted: bool) -> None:
    if config.live.mode == "live" and not (accepted or config.live.accept_real_money):
        message = "mode 'live' trades real money, and nobody has accepted that"
        raise UsageError(message, f"add {_FLAG}, or set live.accept_real_money = true")


def _refuse_to_start(checks: list[Check]) -> None:
    failed = [check for check in checks if not check.ok]
    if failed:
        message = "; ".join(f"{check.name}: {check.detail}" for check in failed)
        raise UsageError(message, "; ".join(check.remedy for check in failed))


def _trade(
    config: LiveConfig, keys: Credentials, state: StateDirectory, model: Path | None
) -> None:
    for path in model_paths(config, model):
        _say(f"loading {path} and compiling its code")
        warm_up(path)
    assembly = assemble(config, keys, state, model, _say)
    try:
        # A full collection looks at 200,000 objects of imports alone, and all trading waits for it.
        gc.collect()
        gc.freeze()
        if assembly.restored:
            _say(f"restored the state of {', '.join(assembly.restored)}")
        _say(
            f"{config.live.mode} trading of {', '.join(config.instrument_ids)}; "
            f"logs in {state.logs}; stop with Ctrl-C or: touch {state.kill_file}"
        )
        state.mark_running(assembly.owners)
        books, msgbus = Books(), assembly.node.kernel.msgbus
        msgbus.subscribe(TAKEN_OVER, books.on_taken_over)
        msgbus.subscribe(TAKEN_OVER, lambda beginning: _say(beginning.words()))
        msgbus.subscribe("events.order.*", books.on_event)
        assembly.session.run()
        _verify_flat(config, keys, assembly.node)
        if config.live.mode != "paper":
            _say(profit_line(config, keys, books))
        assembly.save()
        state.mark_clean()
        _say("stopped: no order and no position is left")
    finally:
        _close(assembly)


def _close(assembly: Assembly) -> None:
    if assembly.recording is not None:
        assembly.recording.close()
        _say(f"recording in {assembly.recording.directory}: {assembly.recording.remark()}")
    assembly.node.dispose()


def _verify_flat(config: LiveConfig, keys: Credentials, node: TradingNode) -> None:
    """Read the venue's own books: nothing may be left there that ours do not know of."""
    if config.live.mode == "paper":
        return
    try:
        facts = probe(config, keys)
    except ScalpError as error:
        raise _unknown_end(error.message) from error
    account = facts.account
    if account is None:
        raise _unknown_end(facts.account_error)
    left = []
    for name in config.instrument_ids:
        symbol, instrument_id = name.partition("-")[0], InstrumentId.from_str(name)
        orders = node.cache.orders_open_count(instrument_id=instrument_id)
        if account.open_orders.get(symbol, 0) not in (0, orders):
            left.append(f"{account.open_orders[symbol]} orders in {symbol}, ours are {orders}")
        positions = node.cache.positions_open(instrument_id=instrument_id)
        known = sum((position.signed_decimal_qty() for position in positions), Decimal(0))
        held = account.positions.get(symbol, Decimal(0))
        if held not in (0, known):
            left.append(f"position {held} in {symbol}, ours is {known}")
    if left:
        message = f"stopped, but the venue's books differ: {'; '.join(left)}"
        raise ScalpError(message, "start again to have it closed, or close it by hand")


def _unknown_end(why: str) -> ScalpError:
    message = f"stopped, but the venue does not say whether it is flat: {why}"
    return ScalpError(message, "look at the account by hand, or start again")


def _say(line: str) -> None:
    """Print one line, stamped, for the person who watches."""
    stamp = time.strftime("%H:%M:%SZ", time.gmtime())
    print(f"{stamp}  {line}", file=sys.stdout, flush=True)  # noqa: T201
