"""Preflight: everything that can be known to be wrong before the first order."""

import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.errors import ScalpError
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.clients import credentials_from_environment
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.config import load_live_config
from nautilus_scalp.runtime.live.model import model_paths
from nautilus_scalp.runtime.live.model import named_model
from nautilus_scalp.runtime.live.probe import probe
from nautilus_scalp.runtime.live.state import StateDirectory
from nautilus_scalp.runtime.live.venue import venue_of
from nautilus_scalp.runtime.live.venue_facts import AccountFacts
from nautilus_scalp.runtime.live.venue_facts import VenueFacts


_MOST_SKEW_MS = 1_000
_LEAST_FREE_BYTES = 1024**3
_REDIS_TIMEOUT_S = 2.0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what was asked, whether it is well, what was found, what to do if it is not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def check_live(path: Path, overrides: Sequence[str] = ()) -> list[Check]:
    """Say what would keep `run_live` from starting, without starting anything.

    Parameters
    ----------
    path : Path
        The live configuration.
    overrides : Sequence[str]
        ``PATH=VALUE`` assignments.

    Returns
    -------
    list[Check]
        One row a question; every row is asked, even after a "no".

    Raises
    ------
    UsageError
        If the configuration itself cannot be read.

    """
    config = load_live_config(path, overrides)
    state = StateDirectory(Path(config.live.state_dir))
    try:
        with venue_of(config, for_check=True) as (config_at_venue, keys):
            return preflight(config_at_venue, keys, state, named_model(config))
    finally:
        state.close()


def preflight(
    config: LiveConfig, keys: Credentials, state: StateDirectory, model: Path | None
) -> list[Check]:
    """Ask everything; a "no" does not keep the other questions from being asked.

    Parameters
    ----------
    config : LiveConfig
        The configuration, with the venue's address.
    keys : Credentials
        The keys, or empty ones to have them read from the environment.
    state : StateDirectory
        Where the run keeps its state.
    model : Path, optional
        Artifact for the blocks that want one and name none.

    Returns
    -------
    list[Check]
        In a fixed order; rows about the venue's answers are missing when it gives none.

    """
    if keys.api_key is None:
        key_row, keys = _keys(config)
    else:
        key_row = Check(name="keys", ok=True, detail="given")
    rows = [_config(config), key_row, _ownership(config), _model(config, model)]
    rows += [_kill_switch(state), _disk(state), *_redis(config)]
    return rows + (list(_venue(config, keys, state)) if key_row.ok else [])


def _config(config: LiveConfig) -> Check:
    blocks = len(config.strategies), len(config.actors)
    detail = (
        f"{config.live.mode} on {config.live.venue}: {', '.join(config.instrument_ids)}; "
        f"{blocks[0]} strategies, {blocks[1]} actors"
    )
    return Check(name="configuration", ok=True, detail=detail)


def _keys(config: LiveConfig) -> tuple[Check, Credentials]:
    try:
        keys = credentials_from_environment(config)
    except ScalpError as error:
        row = Check(name="keys", ok=False, detail=error.message, remedy=error.remedy)
        return row, Credentials(api_key=None, api_secret=None)
    found = "in the environment" if keys.api_key else "none needed"
    return Check(name="keys", ok=True, detail=found), keys


def _ownership(config: LiveConfig) -> Check:
    """Two strategies on one net position would refuse each other's reduce-only exits."""
    names = [block.config.get("instrument_id") for block in config.strategies]
    shared = [str(name) for name, count in Counter(names).items() if name and count > 1]
    ok = not shared or config.live.mode == "paper"
    return Check(
        name="one strategy per instrument",
        ok=ok,
        detail=f"shared: {', '.join(shared)}" if shared else "yes",
        remedy="" if ok else "the venue nets their positions: give each its own sub-account",
    )


def _model(config: LiveConfig, model: Path | None) -> Check:
    paths = model_paths(config, model)
    if not paths:
        training = config.model.training
        detail = f"will be trained first: {training}" if training else "none used"
        return Check(name="model", ok=True, detail=detail)
    # Compiled code takes a second to load; a run by rules alone needs none of it.
    from nautilus_scalp.models.artifact import load_artifact  # noqa: PLC0415

    details = []
    for path in paths:
        try:
            manifest = load_artifact(path).manifest
        except ScalpError as error:
            return Check(name="model", ok=False, detail=error.message, remedy=error.remedy)
        strangers = sorted(set(config.instrument_ids) - set(manifest.instruments))
        if strangers:
            message = f"{manifest.model_id} was not trained on {', '.join(strangers)}"
            return Check(
                name="model", ok=False, detail=message, remedy="train it on these instruments too"
            )
        details.append(f"{manifest.model_id} fits schema and instruments")
    return Check(name="model", ok=True, detail="; ".join(details))


def _kill_switch(state: StateDirectory) -> Check:
    on = state.kill_file.exists()
    remedy = f"remove {state.kill_file} when trading may start again" if on else ""
    return Check(name="kill switch", ok=not on, detail="on" if on else "off", remedy=remedy)


def _disk(state: StateDirectory) -> Check:
    free = shutil.disk_usage(state.path).free
    ok = free >= _LEAST_FREE_BYTES
    remedy = "" if ok else "make room: logs and state need at least 1 GiB"
    return Check(name="disk", ok=ok, detail=f"{free / 1024**3:.1f} GiB free", remedy=remedy)


def _redis(config: LiveConfig) -> Iterator[Check]:
    if config.redis is None:
        return
    where = (config.redis.host, config.redis.port)
    try:
        socket.create_connection(where, timeout=_REDIS_TIMEOUT_S).close()
    except OSError as error:
        detail = f"{where[0]}:{where[1]}: {error.strerror or error}"
        remedy = "start Redis, or remove [redis]: state is then kept in live.state_dir"
        yield Check(name="redis", ok=False, detail=detail, remedy=remedy)
    else:
        yield Check(name="redis", ok=True, detail=f"answers at {where[0]}:{where[1]}")


def _venue(config: LiveConfig, keys: Credentials, state: StateDirectory) -> Iterator[Check]:
    try:
        facts = probe(config, keys)
    except ScalpError as error:
        detail = f"no answer: {error.message}"
        yield Check(name="venue", ok=False, detail=detail, remedy=error.remedy)
        return
    yield _clock(facts)
    specs = load_specs()
    for name in config.instrument_ids:
        yield _filters(name, facts, specs)
    if facts.account_error:
        remedy = "check the keys, their permissions and this machine's clock"
        yield Check(name="account", ok=False, detail=facts.account_error, remedy=remedy)
    if facts.account is not None:
        yield from _account(config, facts.account, state)


def _clock(facts: VenueFacts) -> Check:
    ok = abs(facts.clock_skew_ms) <= _MOST_SKEW_MS
    return Check(
        name="clock",
        ok=ok,
        detail=f"venue ahead by {facts.clock_skew_ms} ms",
        remedy="" if ok else "synchronise this machine's clock (chrony or ntpd)",
    )


def _filters(name: str, facts: VenueFacts, specs: dict[str, InstrumentSpec]) -> Check:
    symbol, title = facts.symbols.get(name.partition("-")[0]), f"filters {name}"
    if symbol is None:
        return Check(name=title, ok=False, detail="not listed", remedy="name a listed instrument")
    found = (symbol.tick_size, symbol.step_size, Decimal(symbol.min_notional))
    detail = f"tick {found[0]}, step {found[1]}, least notional {found[2]}"
    spec = specs.get(name)
    if spec is None:
        return Check(name=title, ok=True, detail=f"{detail}; not in the catalog's facts")
    ours = (spec.tick_size, spec.step_size, Decimal(spec.min_notional))
    remedy = "" if found == ours else "bring the facts up to date, import and train again"
    if found != ours:
        detail += f"; the catalog's facts say {ours[0]}, {ours[1]}, {ours[2]}"
    return Check(name=title, ok=found == ours, detail=detail, remedy=remedy)


def _account(config: LiveConfig, account: AccountFacts, state: StateDirectory) -> Iterator[Check]:
    yield Check(
        name="permission",
        ok=account.can_trade,
        detail="the key may trade" if account.can_trade else "the key may not trade",
        remedy="" if account.can_trade else "allow futures trading for the key",
    )
    yield Check(
        name="position mode",
        ok=not account.hedge_mode,
        detail="hedge" if account.hedge_mode else "one-way",
        remedy="switch the account to one-way mode" if account.hedge_mode else "",
    )
    yield _margin(config, account)
    for name in config.instrument_ids:
        yield _leverage(name, config, account)
    ok = account.available > 0
    remedy = "" if ok else "move collateral to the futures wallet"
    yield Check(name="collateral", ok=ok, detail=f"{account.available:.2f} free", remedy=remedy)
    specs = load_specs()
    for name in config.instrument_ids:
        yield from _fees(name, account, specs)
    yield _empty(config, account, state)


def _margin(config: LiveConfig, account: AccountFacts) -> Check:
    """Two positions on crossed margin may share collateral, two on isolated margin may not."""
    symbols = {name.partition("-")[0] for name in config.instrument_ids}
    kinds = sorted({account.margin_types[one] for one in symbols if one in account.margin_types})
    mixed = len(kinds) > 1
    return Check(
        name="margin mode",
        ok=not mixed,
        detail=" and ".join(kinds).lower() or "not told",
        remedy="give every symbol the same margin mode" if mixed else "",
    )


def _leverage(name: str, config: LiveConfig, account: AccountFacts) -> Check:
    symbol, wanted = name.partition("-")[0], config.live.leverage
    brackets = account.brackets.get(symbol, [])
    most = max((one.leverage for one in brackets), default=Decimal(0))
    up_to = max((one.notional for one in brackets if one.leverage >= wanted), default=Decimal(0))
    ok = wanted <= most
    detail = f"{account.leverages.get(symbol, Decimal(0)):f}x now, the venue is told {wanted}x"
    if ok:
        detail += f", allowed up to {up_to:,f}"
    return Check(
        name=f"leverage {name}",
        ok=ok,
        detail=detail if ok else f"{detail} and allows {most.normalize():f}x",
        remedy="" if ok else f"set live.leverage to {int(most)} or less",
    )


def _fees(name: str, account: AccountFacts, specs: dict[str, InstrumentSpec]) -> Iterator[Check]:
    fees, spec = account.fees.get(name.partition("-")[0]), specs.get(name)
    if fees is None:
        return
    detail, worse = _fee_words(fees), False
    if spec is None:
        detail += "; not in the catalog's facts"
    elif fees != (ours := (Decimal(spec.maker_fee), Decimal(spec.taker_fee))):
        detail += f"; backtests assume {_fee_words(ours)}"
        worse = fees[0] > ours[0] or fees[1] > ours[1]
    yield Check(
        name=f"fees {name}",
        ok=not worse,
        detail=detail,
        remedy="backtest again with the account's fees" if worse else "",
    )


def _fee_words(fees: tuple[Decimal, Decimal]) -> str:
    maker, taker = (f"{(10_000 * fee).normalize():f}" for fee in fees)
    return f"maker {maker} taker {taker} bps"


def _empty(config: LiveConfig, account: AccountFacts, state: StateDirectory) -> Check:
    """Refuse to start over positions and orders that are not ours."""
    found = [f"{symbol} position {qty}" for symbol, qty in sorted(account.positions.items())]
    found += [f"{symbol} {n} orders" for symbol, n in sorted(account.open_orders.items()) if n]
    ours = state.crashed or config.live.unowned != "refuse"
    detail = ", ".join(found) or "no position, no order"
    if found and ours:
        fate = "closed" if state.crashed or config.live.unowned == "flatten" else "left alone"
        if state.crashed and config.live.after_crash == "adopt":
            fate = "taken up again where a strategy of this run left it, closed elsewhere"
        detail += f"; will be {fate}"
    remedy = 'close them, or set live.unowned to "flatten" or "leave"'
    ok = not found or ours
    return Check(name="account is empty", ok=ok, detail=detail, remedy="" if ok else remedy)
