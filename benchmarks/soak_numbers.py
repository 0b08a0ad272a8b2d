"""
Ten million events do not wear the indicators out: an engine that saw them all against a fresh one.

Run with ``python benchmarks/soak_numbers.py``; it takes about a minute. A made-up market runs ten
times through one engine, and the second half of its last time through a fresh one, which knows
nothing of what was before. Where nothing is left of that by definition (averages of up to a minute,
windows of bars of up to a second) both must say the same but for rounding. Printed is the largest
difference over the last thousand quotes, relative to the largest value that the indicator took
there. Left out are bars of minutes, what remembers for ever (Kaufman's average, running quartiles),
and the time.
"""

import sys

import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.features import fused
from nautilus_scalp.features import layout as at
from nautilus_scalp.features.catalogue import CATALOGUE
from nautilus_scalp.features.catalogue import specify
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.grammar import parse
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts


LAP, LAPS, LAST = 1_000_000, 10, 1_000
FACTS = InstrumentFacts(
    instrument_id="BTCUSDT-PERP.BINANCE", price_precision=1, size_precision=3, tick_size=0.1
)
FOR_EVER = ("kama_gap", "quartile25", "quartile75")
type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]


def market() -> tuple[npt.NDArray[np.uint8], Ints, Floats]:
    """Return kinds, times and values of a random walk, an event every ten milliseconds or so."""
    rng = np.random.default_rng(1)
    kind = np.where(rng.random(LAP) < 0.75, QUOTE, TRADE).astype(np.uint8)
    time_ns = (1_700_000_000_000 + rng.integers(0, 21, LAP).cumsum()) * 1_000_000
    bid = np.round(60_000.0 + 0.1 * rng.integers(-1, 2, LAP).cumsum(), 1)
    size = rng.integers(1, 5_000, (LAP, 2)) / 1_000
    side = rng.choice([-1.0, 1.0], LAP)
    quotes = np.column_stack((bid, np.round(bid + 0.1, 1), size))
    trades = np.column_stack((bid, size[:, 0], side, np.zeros(LAP)))
    return kind, time_ns, np.where((kind == QUOTE)[:, None], quotes, trades)


@njit(cache=True)
def play(
    state: tuple[Floats, Ints, Floats],
    events: tuple[npt.NDArray[np.uint8], Ints, Floats],
    first: int,
    shift_ns: int,
    shown: Floats,
) -> None:
    """Play the events from `first` on; keep the vectors of the last quotes, the last one last."""
    floats, ints, board = state
    kinds, times_ns, values = events
    row = len(shown) - (kinds[first:] == QUOTE).sum() % len(shown)
    row = row % len(shown)
    for i in range(first, len(kinds)):
        v = values[i]
        if kinds[i] == TRADE:
            fused.on_trade(floats, ints, times_ns[i] + shift_ns, (v[0], v[1], v[2]))
            continue
        fused.on_quote(floats, ints, board, times_ns[i] + shift_ns, (v[0], v[1], v[2], v[3]))
        at_value = ints[at.VALUE]
        for j in range(shown.shape[1]):
            shown[row, j] = floats[at_value + j]
        row = row + 1 if row + 1 < len(shown) else 0


def beginning(kinds: npt.NDArray[np.uint8]) -> int:
    """Return an event in the middle at which bars of ten quotes begin in the last lap."""
    quotes = (kinds == QUOTE).cumsum()
    before = (LAPS - 1) * int(quotes[-1])
    middle = LAP // 2
    return middle + int(np.flatnonzero((before + quotes[middle:]) % 10 == 0)[0]) + 1


def lasting(name: str) -> bool:
    """Tell whether an indicator has forgotten by now what was before the last half lap."""
    formula = parse(name)
    minutes = formula.clock in {"1m", "5m", "15m"}
    endless = formula.sources[0] in FOR_EVER or formula.operation in FOR_EVER
    slow = any(half_life > 60_000.0 for half_life in formula.half_lives_ms)
    return not (minutes or endless or slow or specify(name, 0.0).group == "time")


def main() -> None:
    """Play and print."""
    names = tuple(filter(lasting, CATALOGUE))
    events = market()
    lap_ns = int(events[1][-1] - events[1][0]) + 10_000_000
    old, fresh = (FeatureEngine(FACTS, selection=names) for _ in range(2))
    worn, clean = np.zeros((LAST, len(names))), np.zeros((LAST, len(names)))
    for lap in range(LAPS):
        play(old.state, events, 0, lap * lap_ns, worn)
    play(fresh.state, events, beginning(events[0]), (LAPS - 1) * lap_ns, clean)
    largest = np.abs(clean).max(axis=0)
    error = np.abs(worn - clean).max(axis=0) / np.where(largest > 0.0, largest, 1.0)
    order = error.argsort()[::-1]
    sys.stdout.write(
        f"{LAP * LAPS:,} events, {len(names)} indicators: largest relative difference "
        f"{error.max():.1e}, median {np.median(error):.1e}\n"
    )
    for i in order[:5]:
        sys.stdout.write(f"  {error[i]:.1e} {names[i]}\n")


if __name__ == "__main__":
    main()
