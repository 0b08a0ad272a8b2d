"""Placebos: labels that were shuffled, and a market that is a random walk."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.evaluation.placebo import ShuffledLabels
from nautilus_scalp.evaluation.placebo import null_interval
from nautilus_scalp.evaluation.placebo import rows_before_moves
from nautilus_scalp.evaluation.placebo import shuffle_blocks
from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import not_applicable
from nautilus_scalp.runtime.verify.check import within
from nautilus_scalp.runtime.verify.markets import Trial
from nautilus_scalp.runtime.verify.markets import scores
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import Dataset
from nautilus_scalp.training.dataset import build_dataset
from nautilus_scalp.training.fit_forest import fit_forest
from nautilus_scalp.training.labels import DOWN
from nautilus_scalp.training.labels import FLAT
from nautilus_scalp.training.labels import UP


type Bools = npt.NDArray[np.bool_]
type Floats = npt.NDArray[np.float64]

_BLOCK_MS = 100
_HELD_SHARE = 0.5  # a placebo needs as many rows to be judged on as to be fitted on


def check_random_walk(trial: Trial) -> list[Check]:
    """Judge models that learned from a random walk on another one.

    One row a price move is scored, the last before it: these signs are independent. The models are
    judged before calibration, which silences a model that is wrong on its held-out rows.

    Parameters
    ----------
    trial : Trial
        Of a market without an edge.

    Returns
    -------
    list[Check]
        One for each model and the ensemble; together they pass an honest model in 99 of 100
        markets.

    """
    rows, up = _moves(trial)
    ups = int(up.sum())
    arrays = trial.ensemble.arrays
    raw = arrays | {"calibration": np.tile(IDENTITY, (len(arrays["calibration"]), 1))}
    odds = scores(Ensemble(trial.ensemble.manifest, raw), trial.matrix)
    limit = _interval(up, len(odds))
    detail = f"AUC over the next moves of a random walk, {ups} up and {len(up) - ups} down"
    return [
        _judge(f"random_walk_{name}", auc(score[rows], up), limit, detail)
        for name, score in odds.items()
    ]


def _moves(trial: Trial) -> tuple[npt.NDArray[np.int64], Bools]:
    """Return the last ready row before each move of each instrument, and whether it went up."""
    matrix = trial.matrix
    rows, ups = [], []
    for instrument in range(len(trial.instruments)):
        own = np.flatnonzero(matrix.instrument == instrument)
        before, up = rows_before_moves(matrix.mid[own], matrix.segment[own])
        kept = matrix.ready[own[before]]
        rows.append(own[before[kept]])
        ups.append(up[kept])
    return np.concatenate(rows), np.concatenate(ups)


def check_shuffled_labels(
    training: TrainingConfig, options: VerifyOptions, trial: Trial
) -> list[Check]:
    """Fit a forest on shuffled labels, and judge it on the shuffled labels of held-out rows.

    Nothing can be learned but which rows lie close to each other, so an area off one half means
    that the split lets rows of both sides share their labels. The same with rows split at random
    instead of in time is the control: it must be noticed.

    Parameters
    ----------
    training : TrainingConfig
        Whose labels and split.
    options : VerifyOptions
        Sizes.
    trial : Trial
        Of a market with an edge, so that the true labels could be foretold.

    Returns
    -------
    list[Check]
        The check and its control.

    """
    config = msgspec.structs.replace(training, validation_fraction=_HELD_SHARE)
    dataset = build_dataset(trial.tape, config)
    rng = np.random.default_rng(options.seed)
    used = np.flatnonzero(dataset.split.train | dataset.split.holdout)
    labels, times = dataset.target.direction[used], dataset.ts_event_ns[used]
    shuffled = shuffle_blocks(labels, times, _BLOCK_MS, rng)
    in_time = dataset.split.train[used]
    at_random = rng.random(len(used)) < _HELD_SHARE
    honest, ups = _forest_auc(dataset, used, shuffled, in_time, options)
    leaky, leaky_ups = _forest_auc(dataset, used, shuffled, at_random, options)
    detail = f"AUC over {len(ups)} held-out blocks of {_BLOCK_MS} ms with shuffled labels"
    low, high = _interval(leaky_ups, 1)
    control = _judge("shuffled_labels_control", leaky, (high, 1.0), "")
    return [
        _judge("shuffled_labels", honest, _interval(ups, 1), detail),
        msgspec.structs.replace(
            control,
            detail=f"the same with rows split at random must leave {low:.3f} .. {high:.3f}",
        ),
    ]


def _forest_auc(
    dataset: Dataset,
    used: npt.NDArray[np.int64],
    shuffled: ShuffledLabels,
    fitted: Bools,
    options: VerifyOptions,
) -> tuple[float | None, Bools]:
    """Return the AUC over one held-out row a block whose label is a move, and the labels."""
    # leaves as small as a block, or a forest could not learn even what leaks
    params = msgspec.structs.replace(options.random_forest, depth=12, min_split=10, min_leaf=5)
    values = dataset.values[used]
    forest = fit_forest(
        values[fitted],
        shuffled.label[fitted],
        np.ones(int(fitted.sum())),
        params,
        options.seed,
    )
    held = shuffled.first[~fitted[shuffled.first] & (shuffled.label[shuffled.first] != FLAT)]
    shares = forest.predict_proba(values[held])
    up = np.equal(shuffled.label[held], UP)
    return auc(shares[:, UP] - shares[:, DOWN], up), up


def _interval(up: Bools, comparisons: int) -> tuple[float, float]:
    ups = int(up.sum())
    if ups in (0, len(up)):
        return 0.0, 1.0
    return null_interval(ups, len(up) - ups, comparisons)


def _judge(name: str, area: float | None, limit: tuple[float, float], detail: str) -> Check:
    if area is None:
        return not_applicable(name, "the market has no moves both ways; make it longer")
    return within(name, area, limit, detail)
