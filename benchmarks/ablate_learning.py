"""What each design choice of the training bought, on recordings that the models never saw.

    python benchmarks/ablate_learning.py [CATALOG]

Every recording before 2024-07-19 is the test of models trained on the others (`recordings`), so
that the sample's own test window decides nothing. The choices are undone one at a time; a row shows
what that changes, with a 95 % interval from a paired bootstrap over blocks of five seconds. To stay
within minutes the LSTM is left out of the ensemble and the others keep their weights.
"""

import sys
from datetime import UTC
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.errors import InputError
from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.evaluation.classification import direction_odds
from nautilus_scalp.evaluation.classification import ece
from nautilus_scalp.settings import to_ns
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.config import MoveRateParams
from nautilus_scalp.training.config import SelectionParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.dataset import add_features
from nautilus_scalp.training.fit_models import fit_packed
from nautilus_scalp.training.folds import Fold
from nautilus_scalp.training.folds import WalkForwardParams
from nautilus_scalp.training.frame import Frame
from nautilus_scalp.training.frame import build_frame
from nautilus_scalp.training.frame import hold_out_tail
from nautilus_scalp.training.pipeline import assemble
from nautilus_scalp.training.score import horizon_probabilities
from nautilus_scalp.training.walk_forward import frame_folds


END = datetime(2024, 7, 19, tzinfo=UTC)
HORIZONS_MS = (100, 500, 1000)
BLOCK_NS = 5_000_000_000
RESAMPLES = 100
FIGURES = (("AUC", 500), ("AUC", 1000), ("ECE", 500))
BASE = TrainingConfig(
    name="ablation",
    walk_forward=WalkForwardParams(scheme="recordings"),
    lstm=LstmParams(hidden=4, head=4, epochs=1),
    ensemble=EnsembleParams(lstm=0.0),
)
replace = msgspec.structs.replace
LEARNED = replace(BASE.ensemble, weighting="learned", weight_folds=2)
VARIANTS = {  # what is undone -> configuration, and what becomes of the dataset
    "as shipped": (BASE, ""),
    "without the mirror": (replace(BASE, mirror=False), ""),
    "without uniqueness weights": (BASE, "weight"),
    "without the tilt of the queues": (BASE, "imbalance"),
    "without the move rate's correction": (
        replace(BASE, move_rate=MoveRateParams(half_life_ms=0.0)),
        "",
    ),
    "features learned, not fixed": (
        replace(BASE, selection=SelectionParams(method="learned")),
        "",
    ),
    "weights learned, not configured": (replace(BASE, ensemble=LEARNED), ""),
}

type Floats = npt.NDArray[np.float64]


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What a variant says of the test rows of a fold, and what became true."""

    key: npt.NDArray[np.int64]
    block: npt.NDArray[np.int64]
    imbalance: dict[int, Floats]
    said: dict[int, Floats]
    move_bps: dict[int, Floats]


def main() -> None:
    """Fit every variant and print the table."""
    catalog = Path(sys.argv[1] if len(sys.argv) > 1 else "catalogs/sample")
    tape = read_tape(catalog, None, None, to_ns(END))
    base: list[Tested] = []
    for name, (config, undone) in VARIANTS.items():
        frame = build_frame(tape, config)
        folds = frame_folds(frame, config)
        try:
            found = [_test(add(frame, fold, config), fold, config, undone) for fold in folds]
        except InputError as error:  # a fold without the mirror may lack a class: worth a row
            _print(name, [error.message, *[""] * (len(FIGURES) - 1)])
            continue
        if base:
            _print(name, [_interval(found, base, k) for k in range(len(FIGURES))])
            continue
        base = found
        _print("", [f"{figure} {horizon} ms" for figure, horizon in FIGURES])
        _print("---", ["---"] * len(FIGURES))
        _print(name, [f"{_mean(base, k):.4f}" for k in range(len(FIGURES))])
        aucs = [k for k, (figure, _) in enumerate(FIGURES) if figure == "AUC"]
        gaps = [_interval(base, None, k) for k in aucs]
        _print(
            "as shipped, less queue imbalance alone", [*gaps, *[""] * (len(FIGURES) - len(gaps))]
        )


def add(frame: Frame, fold: Fold, config: TrainingConfig) -> Dataset:
    """Return the dataset of a fold, as `score_fold` makes it."""
    return add_features(frame, hold_out_tail(frame, fold.split.train, config), config)


def _test(dataset: Dataset, fold: Fold, config: TrainingConfig, undone: str) -> Tested:
    if undone == "weight":
        dataset = replace(dataset, weight=np.ones_like(dataset.weight))
    matrix = dataset.matrix
    if undone == "imbalance":
        dataset = replace(dataset, imbalance=np.zeros_like(dataset.imbalance))
    train, holdout = (dataset.side(rows) for rows in (dataset.split.train, dataset.split.holdout))
    ensemble = assemble(fit_packed(train, holdout, config), dataset, config, fold.name, {})
    prediction = ensemble.predict_matrix(matrix)
    test = fold.split.holdout[: len(matrix)] & np.isfinite(prediction.probabilities[:, 0])
    rows = np.flatnonzero(test)
    labels = {h: dataset.labels[h].move_bps[: len(matrix)][rows] for h in HORIZONS_MS}
    return Tested(
        key=rows,
        block=matrix.ts_event_ns[rows] // BLOCK_NS,
        imbalance=dict.fromkeys(HORIZONS_MS, matrix.imbalance[rows]),
        said={h: horizon_probabilities(ensemble, matrix, prediction, h)[rows] for h in HORIZONS_MS},
        move_bps=labels,
    )


def _figure(tested: Tested, column: int, rows: npt.NDArray[np.int64], *, plain: bool) -> float:
    """Return the area under the ROC curve or the calibration error of a column."""
    figure, horizon = FIGURES[column]
    move = tested.move_bps[horizon][rows]
    known = np.isfinite(move)
    if figure == "ECE":
        outcome = (1 + np.sign(move[known])).astype(np.int64)
        return float(ece(tested.said[horizon][rows][known], outcome) or 0.0)
    moved = known & (move != 0.0)
    score = tested.imbalance[horizon][rows] if plain else direction_odds(tested.said[horizon][rows])
    return float(auc(score[moved], move[moved] > 0.0) or 0.5)


def _mean(results: list[Tested], column: int) -> float:
    every = [np.arange(len(each.key)) for each in results]
    figures = [
        _figure(r, column, rows, plain=False) for r, rows in zip(results, every, strict=True)
    ]
    return float(np.mean(figures))


def _interval(found: list[Tested], base: list[Tested] | None, column: int) -> str:
    """Return the difference to the base (or to imbalance alone), and its 95 % interval."""
    rng = np.random.default_rng(7)
    drawn = []
    for index in range(RESAMPLES + 1):
        parts = []
        for number, one in enumerate(found):
            other = one if base is None else base[number]
            common = np.intersect1d(one.key, other.key)
            mine = np.flatnonzero(np.isin(one.key, common))
            theirs = np.flatnonzero(np.isin(other.key, common))
            picked = np.arange(len(common)) if index == 0 else _resample(one.block[mine], rng)
            parts.append(
                _figure(one, column, mine[picked], plain=False)
                - _figure(other, column, theirs[picked], plain=base is None)
            )
        drawn.append(float(np.mean(parts)))
    low, high = np.quantile(drawn[1:], (0.025, 0.975))
    return f"{drawn[0]:+.4f} ({low:+.4f}, {high:+.4f})"


def _resample(block: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    names, inverse = np.unique(block, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    return np.concatenate([parts[k] for k in rng.integers(0, len(names), len(names))])


def _print(name: str, cells: list[str]) -> None:
    print(f"| {name} | {' | '.join(cells)} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
