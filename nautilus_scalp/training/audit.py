"""What rules without skill score on a label: to be read before any accuracy.

A label that a rule without skill foretells far better than a coin is a fault of the label, as a
smoothed one is: on a random walk it gives `mid_minus_mean` 57 %.
"""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.training.label_kinds import FIVE_NAMES
from nautilus_scalp.training.label_kinds import LabelParams
from nautilus_scalp.training.label_kinds import five_classes
from nautilus_scalp.training.labels import DOWN
from nautilus_scalp.training.labels import FLAT
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import UP
from nautilus_scalp.training.labels import Labels


type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """
    The figures of one rule; None where they cannot be computed.

    Attributes
    ----------
    accuracy : float, optional
        Share of all labels that the rule calls right.
    accuracy_moves, auc : float, optional
        Over labels that are not flat: share of signs called right, and the area under the ROC
        curve of the rule's value.

    """

    accuracy: float | None
    accuracy_moves: float | None = None
    auc: float | None = None


class LabelAudit(msgspec.Struct, frozen=True, kw_only=True):
    """
    A label and the rules.

    Attributes
    ----------
    n : int
        Labels.
    shares : dict[str, float]
        Of each class; of the five bands too if the label has them.
    rules : dict[str, Rule]
        ``majority``: always the most frequent class. ``persistence``: what the mid did over the
        horizon just past. ``mid_minus_mean``: the mid above or below its mean over that time.
        ``queue_imbalance``: the larger queue wins.

    """

    n: int
    shares: dict[str, float]
    rules: dict[str, Rule]

    def plain(self) -> dict[str, Any]:
        """Return the audit as plain dictionaries."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def audit_label(
    labels: Labels,
    rows: Bools,
    quotes: tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int32]],
    imbalance: Floats,
    params: LabelParams,
) -> LabelAudit:
    """Score the rules on the rows that a model will be scored on.

    Parameters
    ----------
    labels : Labels
        What is learned, for m rows.
    rows : bool[m]
        Rows to audit; those without a label are left out.
    quotes : (int64[m], float64[m], int32[m])
        Exchange time, mid price and segment of all rows.
    imbalance : float64[m]
        Queue imbalance.
    params : LabelParams
        Which label it is.

    Returns
    -------
    LabelAudit
        The figures.

    """
    rows = rows & labels.known
    direction = labels.direction[rows]
    before, mean = _trailing(*quotes, labels.horizon_ms * NS_PER_MS)
    mid = quotes[1]
    count = np.bincount(direction, minlength=3)
    n = int(count.sum())
    shares = {
        name: int(count[k]) / max(n, 1) for name, k in (("down", DOWN), ("flat", FLAT), ("up", UP))
    }
    if params.kind == "five_class":
        bands = five_classes(labels.move_bps[rows], params.bands_percent)
        by_band = np.bincount(bands, minlength=len(FIVE_NAMES))
        shares |= {
            f"band: {name}": int(by_band[k]) / max(n, 1) for k, name in enumerate(FIVE_NAMES)
        }
    signs = {
        "persistence": mid - before,
        "mid_minus_mean": mid - mean,
        "queue_imbalance": imbalance,
    }
    return LabelAudit(
        n=n,
        shares=shares,
        rules={"majority": Rule(accuracy=max(shares[k] for k in ("down", "flat", "up")))}
        | {name: _score(value[rows], direction) for name, value in signs.items()},
    )


def _score(value: Floats, direction: npt.NDArray[np.int8]) -> Rule:
    if len(direction) == 0:
        return Rule(accuracy=None)
    right = 1 + np.sign(value) == direction
    moved = direction != FLAT
    return Rule(
        accuracy=float(right.mean()),
        accuracy_moves=float(right[moved].mean()) if moved.any() else None,
        auc=auc(value[moved], direction[moved] == UP),
    )


def _trailing(
    ts_event_ns: npt.NDArray[np.int64],
    mid: Floats,
    segment: npt.NDArray[np.int32],
    horizon_ns: int,
) -> tuple[Floats, Floats]:
    """Return the mid a horizon ago and the mean mid since; within a segment, from the past."""
    before, mean = np.empty(len(mid)), np.empty(len(mid))
    order = np.argsort(segment, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(segment[order])) + 1):
        ts, own = ts_event_ns[rows], mid[rows]
        here = np.arange(len(rows))
        first = np.searchsorted(ts, ts - horizon_ns, side="right")
        before[rows] = own[np.maximum(first - 1, 0)]
        total = np.concatenate(([0.0], np.cumsum(own - own[0])))
        first = np.minimum(first, here)
        mean[rows] = own[0] + (total[here + 1] - total[first]) / (here + 1 - first)
    return before, mean
