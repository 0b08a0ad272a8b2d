"""From a thousand features to 25, chosen on training rows alone."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import xgboost
from scipy.stats import rankdata

from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.catalogue import SELECTED_GROUPS
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.training.candidates import candidates
from nautilus_scalp.training.candidates import category
from nautilus_scalp.training.candidates import sample_values
from nautilus_scalp.training.config import BoostingParams
from nautilus_scalp.training.config import SelectionParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.fit_boosting import fit_boosting
from nautilus_scalp.training.frame import Bools
from nautilus_scalp.training.frame import Floats
from nautilus_scalp.training.frame import Frame
from nautilus_scalp.training.labels import FLAT
from nautilus_scalp.training.labels import uniqueness
from nautilus_scalp.training.stability import jaccard
from nautilus_scalp.training.stability import nogueira
from nautilus_scalp.training.stages import Stages


YARDSTICK = "imbalance.now"  # always among the 25: the ensemble's direction may lean on it
_RANKER = BoostingParams(trees=60, depth=4, colsample=0.3, min_child_weight=3.0)
_PERMUTED = 80  # features with the largest gain; the others' permutation says nothing
_SMALLEST = 1e-6


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """
    The features and how they were found.

    Attributes
    ----------
    names : tuple[str, ...]
        The features, by category and rank.
    facts : dict[str, Any]
        Method, numbers of candidates and stability over blocks, as the manifest keeps them.

    """

    names: tuple[str, ...]
    facts: dict[str, Any]


def keep_choice(stages: Stages, choose: Callable[[], Choice]) -> Choice:
    """Return a choice that was kept by an earlier run, or make and keep it.

    Parameters
    ----------
    stages : Stages
        Where it is kept.
    choose : Callable[[], Choice]
        Makes it.

    Returns
    -------
    Choice
        The same either way.

    """

    def packed() -> dict[str, npt.NDArray[np.generic]]:
        return {"choice": np.frombuffer(msgspec.json.encode(choose()), np.uint8)}

    kept = stages.run("choice", packed)["choice"].tobytes()
    return msgspec.json.decode(kept, type=Choice)


class _Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that the choice is made on."""

    values: Floats
    label: npt.NDArray[np.int8]
    weight: Floats
    block: npt.NDArray[np.int64]


def choose_features(frame: Frame, train: Bools, config: TrainingConfig) -> Choice:
    """Choose the features of a model.

    Parameters
    ----------
    frame : Frame
        The rows.
    train : bool[m]
        Training rows: nothing else is looked at.
    config : TrainingConfig
        How to choose, feature parameters and seed.

    Returns
    -------
    Choice
        With ``learned``: the redundancy filter keeps, of features that rank alike, the one that is
        most related to the label; every block of time is then predicted by boosted trees fitted to
        the others, and each feature scored by its share of their gain plus its share of the loss
        that permuting it in that block causes (Breiman 2001). The best by mean score fill the
        quotas of the categories: 5 price, 5 volume, 6 book, 9 technical.

    """
    params, features = config.selection, config.features
    if config.columns:
        return Choice(names=config.columns, facts={"method": "named by the configuration"})
    if params.method == "fixed25":
        return Choice(names=SELECTED, facts={"method": "fixed25"})
    names = candidates(features, params.max_warm_up_ms, depth=params.depth)
    sample = _draw(frame, train, names, params, features)
    kept = _distinct(sample, names, params.redundancy)
    kept_names = [names[k] for k in kept]
    groups = [str(category(name, features)) for name in kept_names]
    blocks = [
        _block_scores(sample, kept, block, config.seed)
        for block in np.unique(sample.block).tolist()
    ]
    chosen = _fill(kept_names, groups, np.mean(blocks, axis=0))
    by_block = [frozenset(_fill(kept_names, groups, scores)) for scores in blocks]
    return Choice(
        names=tuple(chosen),
        facts={
            "method": "learned",
            "candidates": len(names),
            "after_redundancy_filter": len(kept),
            "sample_rows": len(sample.label),
            "blocks": len(blocks),
            "stability_nogueira": nogueira(by_block, len(kept)),
            "stability_jaccard": jaccard(by_block),
        },
    )


def _draw(
    frame: Frame,
    train: Bools,
    names: tuple[str, ...],
    params: SelectionParams,
    features: FeatureParams,
) -> _Sample:
    """Sample training rows evenly; blocks hold equal numbers of them, in order of time."""
    rows = np.flatnonzero(train)
    rows = rows[:: max(1, len(rows) // params.sample_rows)]
    ts, end = frame.ts_event_ns[rows], frame.target.end_ns[rows]
    rank = np.argsort(np.argsort(ts, kind="stable"), kind="stable")
    return _Sample(
        values=sample_values(frame, rows, names, features),
        label=frame.target.direction[rows],
        weight=uniqueness(ts, end, frame.segment[rows]),
        block=rank * params.blocks // max(len(rows), 1),
    )


def _distinct(sample: _Sample, names: tuple[str, ...], redundancy: float) -> list[int]:
    """Return columns that vary, without those that rank like a more relevant one."""
    ranks = np.apply_along_axis(rankdata, 0, sample.values)
    ranks -= ranks.mean(axis=0)
    deviation = ranks.std(axis=0)
    varies = (deviation > 0.0) & np.isfinite(sample.values).all(axis=0)
    ranks /= np.where(varies, deviation, 1.0)
    moved = sample.label != FLAT
    direction = sample.label.astype(np.float64) - 1.0
    happens = moved - np.average(moved, weights=sample.weight)
    extremes = np.abs(ranks) - np.abs(ranks).mean(axis=0)
    relevance = np.abs((sample.weight * direction) @ ranks)
    relevance += np.maximum(
        np.abs((sample.weight * happens) @ ranks), np.abs((sample.weight * happens) @ extremes)
    )
    relevance[names.index(YARDSTICK)] = np.inf
    alike = np.abs(ranks.T @ ranks) / len(ranks)
    kept: list[int] = []
    for column in np.argsort(-relevance, kind="stable").tolist():
        if varies[column] and (not kept or alike[column, kept].max() < redundancy):
            kept.append(column)
    return kept


def _block_scores(sample: _Sample, columns: list[int], block: int, seed: int) -> Floats:
    """Score columns by gain on the other blocks and by permutation on this one."""
    inside = sample.block == block
    values = sample.values[:, columns]
    model = fit_boosting(
        values[~inside], sample.label[~inside], sample.weight[~inside], _RANKER, seed + block
    )
    found = model.get_score(importance_type="total_gain")
    gain = np.array([found.get(f"f{k}", 0.0) for k in range(len(columns))])
    held, label, weight = values[inside], sample.label[inside], sample.weight[inside]
    rng = np.random.default_rng((seed, block))
    least = _loss(model, held, label, weight)
    lost = np.zeros(len(columns))
    for k in np.argsort(-gain, kind="stable")[:_PERMUTED].tolist():
        own = held[:, k].copy()
        held[:, k] = rng.permutation(own)
        lost[k] = max(_loss(model, held, label, weight) - least, 0.0)
        held[:, k] = own
    scores: Floats = gain / max(gain.sum(), _SMALLEST) + lost / max(lost.sum(), _SMALLEST)
    return scores


def _loss(
    model: xgboost.Booster, values: Floats, label: npt.NDArray[np.int8], weight: Floats
) -> float:
    told = model.inplace_predict(values)[np.arange(len(label)), label]
    return float(-np.average(np.log(np.maximum(told, _SMALLEST)), weights=weight))


def _fill(names: list[str], groups: list[str], scores: Floats) -> list[str]:
    """Fill each category's quota by score, the yardstick first; ordered by category and rank."""
    chosen: list[str] = []
    for group, quota in SELECTED_GROUPS.items():
        ranked = [k for k in np.argsort(-scores, kind="stable").tolist() if groups[k] == group]
        ranked.sort(key=lambda k: names[k] != YARDSTICK)
        chosen.extend(names[k] for k in ranked[:quota])
    return chosen
