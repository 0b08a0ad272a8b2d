"""How often the placebo's interval cries leak on pure noise, and how often it sees a small one.

    python -m benchmarks.placebo_rate [MARKETS] [HOURS]

Every market is another seed without an edge. Each of the 25 features is a score that foretells
nothing, however slowly it wanders: its AUC over one row a move must leave the 99 % interval once in
a hundred markets. Beside it stands what an interval makes of them that takes every quote's label at
500 ms for an independent one. Power is asked of the latent signal itself, in markets whose edge
gives it an AUC of 0.53, with the interval that five scores share.
"""

import math
import sys

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.synthetic.events import synthetic_tape
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.evaluation.placebo import null_interval
from nautilus_scalp.evaluation.placebo import rows_before_moves
from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.training.labels import label_moves


HORIZON_MS = 500
SCORES = 5  # of verify: four models and the ensemble
AREA = 0.53
FIRST_SEED = 50_000

type Bools = npt.NDArray[np.bool_]


def main(markets: int = 200, hours: float = 0.5) -> None:
    """Print the share of markets outside the interval, by score, and the power."""
    alarms = np.array([_alarms(FIRST_SEED + k, hours) for k in range(markets)])
    honest, naive = alarms.transpose(1, 0, 2)
    print(f"{markets} markets of {hours:g} h without an edge, {honest.shape[1]} scores")  # noqa: T201
    for name, outside in (("one row a move", honest), (f"all rows, {HORIZON_MS} ms", naive)):
        share, error = outside.mean(), outside.mean(axis=1).std() / math.sqrt(markets)
        print(f"{name}: {share:.2%} +- {1.96 * error:.2%} leave it, worst score {_worst(outside)}")  # noqa: T201
    edge = math.sqrt(2) * math.sin((AREA - 0.5) * math.pi / 2)  # next_jump_auc, turned around
    for length in (hours, 4 * hours):
        seen = [_seen(FIRST_SEED + k, length, edge) for k in range(markets)]
        print(f"AUC {AREA} over {length:g} h: found in {np.mean(seen):.0%} of markets")  # noqa: T201


def _worst(outside: Bools) -> str:
    shares = outside.mean(axis=0)
    return f"{SELECTED[int(shares.argmax())]} {shares.max():.1%}"


def _alarms(seed: int, hours: float) -> tuple[list[bool], list[bool]]:
    tape = synthetic_tape(SyntheticParams(seed=seed, hours=hours))
    matrix = compute_matrix(tape, FeatureParams(), SELECTED)
    rows, up = rows_before_moves(matrix.mid, matrix.segment)
    up, rows = up[matrix.ready[rows]], rows[matrix.ready[rows]]
    labels = label_moves(matrix.ts_event_ns, matrix.mid, matrix.segment, HORIZON_MS)
    every = np.flatnonzero(matrix.ready & labels.known & (labels.move_bps != 0.0))
    rose = labels.move_bps[every] > 0.0
    return (
        [_outside(matrix.values[rows, k], up) for k in range(len(SELECTED))],
        [_outside(matrix.values[every, k], rose) for k in range(len(SELECTED))],
    )


def _seen(seed: int, hours: float, edge: float) -> bool:
    chunks = list(generate(SyntheticParams(seed=seed, hours=hours, edge=edge)))
    quotes = np.concatenate([chunk.quotes for chunk in chunks])
    signal = np.concatenate([chunk.signals for chunk in chunks])[:, 0]
    mid = (quotes[:, 2] + quotes[:, 3]).astype(np.float64)
    rows, up = rows_before_moves(mid, np.zeros(len(mid), np.int32))
    return _outside(signal[rows], up, SCORES)


def _outside(score: npt.NDArray[np.float64], up: Bools, comparisons: int = 1) -> bool:
    low, high = null_interval(int(up.sum()), int((~up).sum()), comparisons)
    area = auc(score, up)
    return area is not None and not low <= area <= high


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]), *(float(a) for a in sys.argv[2:3]))
