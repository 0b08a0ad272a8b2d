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
MAIN_MS = 500
RESAMPLES = 400
SEED = 7

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Published probabilities of the test rows of one instrument, by horizon, and the truth."""

    ts_event_ns: Ints
    rows: Ints
    probabilities: dict[int, Floats]
    move_bps: dict[int, Floats]
    imbalance: Floats


type Cells = dict[tuple[str, str, int], Said]  # by kind of fold, fold and instrument
type Figure = Callable[[Said, Floats, Ints], Floats]


def area(said: Said, drawn: Floats, block: Ints, *, horizon_ms: int) -> Floats:
    """Return the AUC over moves of every draw."""
    return _ranked(said, direction_odds(said.probabilities[horizon_ms]), drawn, block, horizon_ms)


def plain_area(said: Said, drawn: Floats, block: Ints, *, horizon_ms: int) -> Floats:
    """Return the AUC of queue imbalance alone of every draw."""
    return _ranked(said, said.imbalance, drawn, block, horizon_ms)


def calibration(said: Said, drawn: Floats, block: Ints) -> Floats:
    """Return the expected calibration error of every draw."""
    known = np.isfinite(said.move_bps[MAIN_MS])
    forecast, truth = said.probabilities[MAIN_MS][known], outcomes(said.move_bps[MAIN_MS][known])
    wrong, size = calibration_error(forecast, truth, block[known], drawn.shape[1])
    with np.errstate(invalid="ignore"):
        error: Floats = np.abs(drawn @ wrong).sum(axis=1) / (drawn @ size.sum(axis=1))
    return error


def print_table(rows: dict[str, Cells], kinds: tuple[str, ...], shipped: str) -> None:
    """Print what is shipped, and then every other variant less it, with the moves scored.

    Parameters
    ----------
    rows : dict[str, Cells]
        By variant.
    kinds : tuple[str, ...]
        Kinds of folds, one column each.
    shipped : str
        The variant that others are compared with.

    """
    columns: list[tuple[str, Figure, str]] = [
        (f"{kind}: AUC {MAIN_MS} ms", partial(area, horizon_ms=MAIN_MS), kind) for kind in kinds
    ]
    columns += [
        (f"{kinds[0]}: AUC {h} ms", partial(area, horizon_ms=h), kinds[0])
        for h in HORIZONS_MS
        if h != MAIN_MS
    ]
    columns += [(f"{kind}: ECE {MAIN_MS} ms", calibration, kind) for kind in (kinds[0], kinds[-1])]
    _print_row(["", *(head for head, _, _ in columns), "moves"])
    _print_row(["---"] * (len(columns) + 2))
    base = rows[shipped]
    _print_row([shipped, *(compared(base, base, f, None, k) for _, f, k in columns), _moves(base)])
    gains = [
        compared(base, base, figure, partial(plain_area, **figure.keywords), kind)
        if isinstance(figure, partial)
        else ""
        for _, figure, kind in columns
    ]
    _print_row([f"{shipped}, less queue imbalance alone", *gains, _moves(base)])
    for name, cells in rows.items():
        if name != shipped:
            less = [compared(cells, base, figure, figure, kind) for _, figure, kind in columns]
            _print_row([name, *less, _moves(cells)])


def compared(cells: Cells, base: Cells, own: Figure, other: Figure | None, kind: str) -> str:
    """Return a figure, or its difference to one of the base, over the folds of a kind.

    Blocks of time are drawn, the same for both and for all folds and instruments; these weigh as
    they have moves. A draw leaves out those that it gives no moves both ways.

    Parameters
    ----------
    cells, base : Cells
        What is judged, and what it is compared with on the rows of both.
    own, other : callable
        Figures of the two; without `other` nothing is taken off.
    kind : str
        Of the folds.

    Returns
    -------
    str
        The figure with its 95 % interval; empty where there are no moves.

    """
    pairs = []
    for key, one in cells.items():
        if key[0] == kind:
            common = np.intersect1d(one.rows, base[key].rows)
            pairs.append((_kept(one, common), _kept(base[key], common)))
    if not pairs:
        return ""
    block, count = blocks_of(np.concatenate([one.ts_event_ns for one, _ in pairs]))
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=RESAMPLES)
    every = np.vstack([np.ones((1, count)), drawn])  # the first is the sample itself
    total, weight, first = *np.zeros((2, len(every))), 0
    for mine, theirs in pairs:
        here = block[first : first + len(mine.rows)]
        first += len(mine.rows)
        values = own(mine, every, here)
        if other is not None:
            values = values - other(theirs, every, here)
        known = np.isfinite(values)
        total[known] += _count(mine) * values[known]
        weight[known] += _count(mine)
    if not weight[0]:
        return ""
    found = total[weight > 0] / weight[weight > 0]
    low, high = np.quantile(found[1:], (0.025, 0.975))
    sign = "" if other is None else "+"
    return f"{found[0]:{sign}.4f} ({low:{sign}.4f}, {high:{sign}.4f})"


def _print_row(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)  # noqa: T201


def _moves(cells: Cells) -> str:
    """Return how many moves were scored, by kind of fold."""
    counts: dict[str, int] = {}
    for (kind, _, _), one in cells.items():
        counts[kind] = counts.get(kind, 0) + _count(one)
    return ", ".join(f"{count:,}" for count in counts.values())


def _count(said: Said) -> int:
    move = said.move_bps[MAIN_MS]
    return int((np.isfinite(move) & (move != 0.0)).sum())


def _ranked(said: Said, score: Floats, drawn: Floats, block: Ints, horizon_ms: int) -> Floats:
    move = said.move_bps[horizon_ms]
    moved = np.isfinite(move) & (move != 0.0)
    return drawn_auc(score[moved], move[moved] > 0.0, block[moved], drawn)


def _kept(said: Said, rows: Ints) -> Said:
    at = np.isin(said.rows, rows)
    return Said(
        ts_event_ns=said.ts_event_ns[at],
        rows=said.rows[at],
        probabilities={h: p[at] for h, p in said.probabilities.items()},
        move_bps={h: m[at] for h, m in said.move_bps.items()},
        imbalance=said.imbalance[at],
    )
