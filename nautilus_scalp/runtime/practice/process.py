"""The practice exchange as a process of its own, so that a trader can crash without it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.instruments import find_spec
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.practice.account import PracticeKeys
from nautilus_scalp.runtime.practice.account import Rules
from nautilus_scalp.runtime.practice.binance.dialect import BinanceDialect
from nautilus_scalp.runtime.practice.bybit.dialect import BybitDialect
from nautilus_scalp.runtime.practice.exchange import Desk
from nautilus_scalp.runtime.practice.exchange import Dialect
from nautilus_scalp.runtime.practice.exchange import PracticeExchange
from nautilus_scalp.runtime.practice.feed import Playback


DIALECTS: dict[str, Callable[[Desk], Dialect]] = {"BINANCE": BinanceDialect, "BYBIT": BybitDialect}


class PracticeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a practice exchange plays, and for whom.

    Parameters
    ----------
    catalog : str
        Catalog with the recorded market.
    instrument_ids : list[str]
        Instruments on offer; Bybit's are played from Binance's recording of the same symbol.
    start_ns, end_ns : int, optional
        Window of the catalog, [start, end); everything by default.
    speed : float
        1 plays in real time.
    balance : str
        Quote currency on the account.
    keys : PracticeKeys
        The credentials that it accepts.
    venue : str
        Which venue it plays: "BINANCE" or "BYBIT".
    port : int
        0 takes a free one.

    """

    catalog: str
    instrument_ids: list[str]
    keys: PracticeKeys
    start_ns: int | None = None
    end_ns: int | None = None
    speed: float = 1.0
    balance: str = "10000"
    venue: str = "BINANCE"
    port: int = 0


class PracticeAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a practice exchange listens."""

    port: int

    @property
    def http(self) -> str:
        """Base URL of its REST interface."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """Base URL of its streams."""
        return f"ws://127.0.0.1:{self.port}"


def rules_of(spec: InstrumentSpec) -> Rules:
    """Return the venue's rules for an instrument.

    Parameters
    ----------
    spec : InstrumentSpec
        The exchange facts.

    Returns
    -------
    Rules
        The same facts as numbers; trailing zeros are kept, clients read precision from them.

    """
    return Rules(
        symbol=spec.symbol,
        base=spec.base,
        quote=spec.quote,
        tick=Decimal(spec.tick_size),
        step=Decimal(spec.step_size),
        min_qty=Decimal(spec.min_qty),
        max_qty=Decimal(spec.max_qty),
        min_notional=Decimal(spec.min_notional),
        maker_fee=Decimal(spec.maker_fee),
        taker_fee=Decimal(spec.taker_fee),
    )


def recorded_id(instrument_id: str) -> str:
    """Return the instrument whose recording stands in for an instrument.

    Parameters
    ----------
    instrument_id : str
        On any venue.

    Returns
    -------
    str
        Binance's perpetual of the same symbol, whose rules and fees are taken too.

    Examples
    --------
    >>> recorded_id("BTCUSDT-LINEAR.BYBIT")
    'BTCUSDT-PERP.BINANCE'

    """
    symbol, _, rest = instrument_id.partition("-")
    return f"{symbol}-PERP.BINANCE" if rest == "LINEAR.BYBIT" else instrument_id


@contextmanager
def practice_exchange(settings: PracticeSettings) -> Iterator[PracticeAddress]:
    """Run a practice exchange in a child process for as long as the block lasts.

    Parameters
    ----------
    settings : PracticeSettings
        Handed over on the child's standard input, so that no key shows in a process list.

    Yields
    ------
    PracticeAddress
        Where it listens.

    Raises
    ------
    UsageError
        If it does not start.

    """
    child = subprocess.Popen(
        [sys.executable, "-m", "nautilus_scalp.runtime.practice"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C must stop the trader first, and the exchange after it
    )
    if child.stdin is None or child.stdout is None:
        message = "the practice exchange has no pipes"
        raise RuntimeError(message)
    try:
        child.stdin.write(msgspec.json.encode(settings) + b"\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        if not answer:
            message = "the practice exchange did not start"
            raise UsageError(message, "its own message stands above")
        yield msgspec.json.decode(answer, type=PracticeAddress)
    finally:
        child.stdin.close()  # end of input is its signal to leave
        child.wait(timeout=10)
        child.stdout.close()


async def serve(settings: PracticeSettings) -> None:
    """Serve until standard input ends, which it does however the parent ended.

    Parameters
    ----------
    settings : PracticeSettings
        What to play.

    """
    window = (settings.start_ns, settings.end_ns)
    recorded = [recorded_id(name) for name in settings.instrument_ids]
    tape = read_tape(Path(settings.catalog), recorded, *window)
    specs = load_specs()
    rules = [rules_of(find_spec(specs, name)) for name in recorded]
    exchange = PracticeExchange(
        rules,
        Playback(tape, settings.speed),
        settings.keys,
        Decimal(settings.balance),
        DIALECTS[settings.venue],
    )
    port = await exchange.start(settings.port)
    sys.stdout.write(msgspec.json.encode(PracticeAddress(port=port)).decode() + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await exchange.stop()
