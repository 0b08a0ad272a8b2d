"""
What a maker makes of a planted edge, and what theory says it can.

Run ``python -m benchmarks.edge_maker [HOURS] [SEED] [--edge E] [--half-life-ms MS]``; two hours
take some six minutes.

A quote that a jump runs over loses the jump, less its distance from the mid. A signal calls the
side of a jump and not its size, so that this loss is the same whatever the signal said. What pays
for it is what the signal foretells of the jumps that follow. The first table measures both on the
market itself, for one quote at the best price, by what could be known `LATENCY_MS` before: that is
the bound, and from where it turns positive a maker can earn. The second runs the maker by its
rules, with quotes that the signal shifts, and with quotes that it has to pay for
(`PullParams.paid_jumps`); the third charges the last a share of the fee that theory allows.
"""

import argparse
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from benchmarks.edge_strategies import EDGE
from benchmarks.edge_strategies import SEED
from benchmarks.edge_strategies import by_oracle
from benchmarks.edge_strategies import foretold
from benchmarks.edge_strategies import market
from benchmarks.edge_strategies import run
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.evaluation.placebo import holding_profit
from nautilus_scalp.evaluation.placebo import null_z
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.report.results import StrategyResult


type Floats = npt.NDArray[np.float64]

BOUND_HOURS = 12.0  # of the first table; a longer market begins with the shorter one
LATENCY_MS = 20
HALF_LIVES = 7.5  # of the signal, after which nothing is left of it
LEANS = (-1.0, -0.5, -0.2, 0.0, 0.2, 0.3, 0.5, 1.0)
MAKER_BPS = 2.0
PAID = {"paid_jumps": 1.0}


class RunOver(msgspec.Struct, frozen=True, kw_only=True):
    """
    Quotes at the best price that a jump ran over; all in bps of the price, a row each.

    Attributes
    ----------
    lean : float64[n]
        Chance of a jump the quote's way less that of one against it, as known in time to cancel.
    lost : float64[n]
        How far beyond the quote the mid stood after the jump; negative.
    foretold : float64[n]
        What the market's law and all that was published said of the jumps that followed.

    """

    lean: Floats
    lost: Floats
    foretold: Floats


def run_over(params: SyntheticParams, latency_ms: int = LATENCY_MS) -> RunOver:
    """Return what would have become of a quote that always stood at the best price, each side."""
    chunks = list(generate(params))
    quotes = np.concatenate([chunk.quotes for chunk in chunks])
    mean, variance = np.concatenate([chunk.signals[:, 1:] for chunk in chunks]).T
    up = ndtr(params.edge * mean / np.sqrt(1.0 - params.edge**2 * (1.0 - variance)))
    lean = 2.0 * up - 1.0
    ms, bid, ask = quotes[:, 0], quotes[:, 2], quotes[:, 3]
    mid = 0.5 * (bid + ask)
    drift = np.append(0.0, np.cumsum(np.abs(np.diff(mid)) * lean[:-1]))
    known = np.maximum(np.searchsorted(ms, ms - latency_ms, side="left") - 1, 0)
    before = np.maximum(np.arange(len(ms)) - 1, 0)
    after = np.searchsorted(ms, ms + HALF_LIVES * params.half_life_ms, side="right") - 1
    rows = []
    for side, own, other in ((1, bid, ask), (-1, ask, bid)):
        price = own[known]
        stood = (own[before] == price) & (side * (price - other[before]) < 0)
        at = np.flatnonzero(stood & (side * (price - other) >= 0))
        moves = mid[at] - price[at], drift[after[at]] - drift[at]
        rows.append(side * np.stack([lean[known[at]], *(1e4 * x / mid[at] for x in moves)]))
    return RunOver(**dict(zip(RunOver.__struct_fields__, np.hstack(rows), strict=True)))


def bound(params: SyntheticParams) -> list[str]:
    """Return what a jump takes from a quote and the signal gives back, by what it had said."""
    header = ("lean in favour", "an hour", "lost", "foretold", "worth, bp", "standard error")
    lines = ["{:16}{:>9}{:>9}{:>10}{:>11}{:>16}".format(*header)]
    seen = run_over(params)
    for low, high in pairwise(LEANS):
        rows = (seen.lean >= low) & (seen.lean < high)
        worth = (seen.lost + seen.foretold)[rows]
        error = worth.std() / np.sqrt(max(len(worth), 1))
        lines.append(
            f"{f'{low:+.1f} to {high:+.1f}':16}{len(worth) / params.hours:9.0f}"
            f"{seen.lost[rows].mean():9.3f}{seen.foretold[rows].mean():10.3f}"
            f"{worth.mean():11.3f}{error:16.3f}"
        )
    return lines


class Quoting(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a maker earned before fees, by where it came from; in quote currency.

    Attributes
    ----------
    spread : float
        What fills were better than the mid, those that were: trades came to its quotes.
    run_over : float
        What the others were worse: the mid had jumped through its quotes.
    held : float
        What later moves of the mid brought.
    volume : float
        Value of all fills.

    """

    spread: float
    run_over: float
    held: float
    volume: float


def quoting(result: StrategyResult) -> Quoting:
    """Divide a maker's result; spread, jumps and later moves add up to all that it earned."""
    fills, mids = result.fills, result.mids
    at = np.searchsorted(mids.ts_ns, fills.ts_event_ns, side="right") - 1
    gains = fills.signed_qty * (mids.mid[at] - fills.price)
    return Quoting(
        spread=float(np.maximum(gains, 0.0).sum()),
        run_over=float(np.minimum(gains, 0.0).sum()),
        held=holding_profit(fills, mids).profit,
        volume=float((fills.qty * fills.price).sum()),
    )


def paid_maker(catalog: Path, params: SyntheticParams) -> BacktestConfig:
    """Return the shipped maker with the forecaster's signals, quoting only what they pay for."""
    config = by_oracle("market_making", catalog, params, "combined")
    (block,) = config.strategies
    paid = msgspec.structs.replace(block, config=block.config | {"pull": PAID})
    return msgspec.structs.replace(config, strategies=[paid])


def maker(catalog: Path, params: SyntheticParams) -> list[str]:
    """Return where the maker's result comes from, and its net result at shares of theory's fee."""
    header = ("market making", "fills", "spread", "run over", "held", "theory", "99 % interval")
    lines = [
        "{:18}{:>7}{:>9}{:>10}{:>9}{:>9}{:>15}{:>13}{:>11}".format(*header, "break-even", "theory")
    ]
    configs = {
        "by rules": by_oracle("market_making", catalog, params, "rules"),
        "signals shift": by_oracle("market_making", catalog, params, "combined"),
        "signals pay": paid_maker(catalog, params),
    }
    even_theory = 0.0
    for name, config in configs.items():
        result = run(config)
        theory, part = foretold(result, params), quoting(result)
        filled = part.spread + part.run_over
        even, even_theory = (
            1e4 * (filled + held) / part.volume for held in (part.held, theory.profit)
        )
        lines.append(
            f"{name:18}{len(result.fills.qty):7}{part.spread:9.2f}{part.run_over:10.2f}"
            f"{part.held:9.2f}{theory.profit:9.2f}"
            f"{f'+- {null_z(len(configs)) * theory.deviation:.2f}':>15}"
            f"{even:10.3f} bp{even_theory:8.3f} bp"
        )
    return lines + [at_fee(configs["signals pay"], share, even_theory) for share in (0.5, 2.0)]


def at_fee(config: BacktestConfig, share: float, even_bps: float) -> str:
    """Return the net result of a run in which a maker pays a share of the break-even fee."""
    fee_bps = float(share * even_bps)
    venue = msgspec.structs.replace(config.venue, fee_multiplier=fee_bps / MAKER_BPS)
    paid = run(msgspec.structs.replace(config, venue=venue))
    net = paid.engine_gross - paid.engine_fees
    return f"signals pay: maker fee {fee_bps:.3f} bp, {share:g} of theory's: net {net:+.2f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="edge_maker")
    parser.add_argument("hours", type=float, nargs="?", default=2.0)
    parser.add_argument("seed", type=int, nargs="?", default=SEED)
    parser.add_argument("--edge", type=float, default=EDGE)
    parser.add_argument("--half-life-ms", type=float, default=2_000.0)
    args = parser.parse_args()
    law = SyntheticParams(
        seed=args.seed, hours=args.hours, edge=args.edge, half_life_ms=args.half_life_ms
    )
    told = f"edge {law.edge:g} of half-life {law.half_life_ms:g} ms"
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        catalog = market(Path(folder), law)
        longer = msgspec.structs.replace(law, hours=BOUND_HOURS)
        lines = [
            f"{BOUND_HOURS:g} h with {told}, a quote at the best price, run over by a jump",
            *bound(longer),
            "",
            f"{law.hours:g} h with {told}, the maker",
            *maker(catalog, law),
        ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
