"""Differences between what variants of a training say of the same rows, with intervals."""

from collections.abc import Callable
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.classification import direction_odds
from nautilus_scalp.evaluation.classification import outcomes
from nautilus_scalp.evaluation.intervals import blocks_of
from nautilus_scalp.evaluation.intervals import calibration_error
from nautilus_scalp.evaluation.intervals import drawn_auc


HORIZONS_MS = (100, 500, 1_000)
ECE_MS = 500
RESAMPLES = 400
SEED = 7

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Published probabilities of the test rows of one instrument, by horizon, and the truth."""

    ts_event_ns: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    probabilities: dict[int, Floats]
    move_bps: dict[int, Floats]
    imbalance: Floats


type Cells = dict[tuple[str, int], Said]  # by fold and instrument
type Figure = Callable[[Said, Floats, Ints], Floats]


def print_table(rows: dict[str, Cells], shipped: str) -> None:
    """Print what is shipped, and then every other variant less it, with the moves scored."""
    base = rows[shipped]
    areas = [partial(_area, horizon_ms=horizon) for horizon in HORIZONS_MS]
    heads = ["", *(f"AUC {horizon} ms" for horizon in HORIZONS_MS), f"ECE {ECE_MS} ms", "moves"]
    _print_row(heads)
    _print_row(["---"] * len(heads))
    figures = [*areas, _error]
    moves = f"{sum(_moves(one) for one in base.values()):,}"
    _print_row([shipped, *(_pooled(base, base, figure, None) for figure in figures), moves])
    plain = [partial(_plain, horizon_ms=horizon) for horizon in HORIZONS_MS]
    gains = [_pooled(base, base, *pair) for pair in zip(areas, plain, strict=True)]
    _print_row([f"{shipped}, less queue imbalance alone", *gains, "", moves])
    for name, cells in rows.items():
        if name != shipped:
            less = [_pooled(cells, base, figure, figure) for figure in figures]
            _print_row([name, *less, f"{sum(_moves(one) for one in cells.values()):,}"])


def _print_row(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)  # noqa: T201


def _moves(said: Said) -> int:
    move = said.move_bps[ECE_MS]
    return int((np.isfinite(move) & (move != 0.0)).sum())


def _area(said: Said, drawn: Floats, block: Ints, horizon_ms: int) -> Floats:
    return _ranked(said, direction_odds(said.probabilities[horizon_ms]), drawn, block, horizon_ms)


def _plain(said: Said, drawn: Floats, block: Ints, horizon_ms: int) -> Floats:
    return _ranked(said, said.imbalance, drawn, block, horizon_ms)


def _ranked(said: Said, score: Floats, drawn: Floats, block: Ints, horizon_ms: int) -> Floats:
    move = said.move_bps[horizon_ms]
    moved = np.isfinite(move) & (move != 0.0)
    return drawn_auc(score[moved], move[moved] > 0.0, block[moved], drawn)


def _error(said: Said, drawn: Floats, block: Ints) -> Floats:
    known = np.isfinite(said.move_bps[ECE_MS])
    forecast, truth = said.probabilities[ECE_MS][known], outcomes(said.move_bps[ECE_MS][known])
    wrong, size = calibration_error(forecast, truth, block[known], drawn.shape[1])
    total: Floats = np.abs(drawn @ wrong).sum(axis=1) / (drawn @ size.sum(axis=1))
    return total


def _pooled(cells: Cells, base: Cells, own: Figure, other: Figure | None) -> str:
    """Return a figure, or its difference to one of the base, over all folds and instruments.

    The same blocks are drawn for both; folds weigh as they have moves. Those without moves both
    ways in every draw are left out.
    """
    rng = np.random.default_rng(SEED)
    total, weights = np.zeros(RESAMPLES + 1), 0
    for key, one in cells.items():
        common = np.intersect1d(one.rows, base[key].rows)
        mine, theirs = (_kept(each, common) for each in (one, base[key]))
        block, count = blocks_of(mine.ts_event_ns)
        drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=RESAMPLES)
        every = np.vstack([np.ones((1, count)), drawn])  # the first is the sample itself
        values = own(mine, every, block)
        if other is not None:
            values -= other(theirs, every, block)
        if np.isfinite(values).all():
            total += _moves(mine) * values
            weights += _moves(mine)
    low, high = np.quantile(total[1:], (0.025, 0.975)) / weights
    sign = "" if other is None else "+"
    return f"{total[0] / weights:{sign}.4f} ({low:{sign}.4f}, {high:{sign}.4f})"


def _kept(said: Said, rows: npt.NDArray[np.int64]) -> Said:
    at = np.isin(said.rows, rows)
    return Said(
        ts_event_ns=said.ts_event_ns[at],
        rows=said.rows[at],
        probabilities={h: p[at] for h, p in said.probabilities.items()},
        move_bps={h: m[at] for h, m in said.move_bps.items()},
        imbalance=said.imbalance[at],
    )
