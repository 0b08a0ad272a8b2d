"""How good a signal is, before any strategy: ranking, accuracy and calibration per horizon.

Conventions: classes are down, flat, up; an event *moves* when its mid price differs after the
horizon. Over moves alone the score is the direction's log-odds ``log(p_up / p_down)``: by the lemma
of Neyman and Pearson the ranking that a comparison of up with down asks for, which
``p_up - p_down`` is not, because it also falls with the probability of no move at all. Over all
events the score is ``p_up - p_down``. A figure that the events cannot support is None.
"""

import msgspec
import numpy as np
import numpy.typing as npt


Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

ECE_BINS = 15
RELIABILITY_BINS = 10
_DOWN, _UP = 0, 2


class HorizonMetrics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The figures of one horizon; None where they cannot be computed.

    Attributes
    ----------
    moves : int
        Events whose mid differs after the horizon.
    auc, auc_imbalance : float, optional
        Probability that an upward move is scored above a downward one, by the signal and by queue
        imbalance alone, over the same moves.
    accuracy, accuracy_top_decile : float, optional
        Share of moves whose sign is the score's; the same for the tenth of them with the largest
        absolute score.
    mcc : float, optional
        Matthews correlation of the two signs, over moves.
    brier : float, optional
        Sum over classes of the squared error of the probabilities (Brier 1950), over all events.
    ece : float, optional
        Expected calibration error of the most probable class, 15 bins (Guo et al. 2017).
    ic : float, optional
        Rank correlation (Spearman) of ``p_up - p_down`` and the move in bps, over all events.
    false_positive_rate : float, optional
        Share of the calls after which the mid moves the other way or not at all.
    coverage : float, optional
        Share of events that are calls: up or down is at least as probable as the threshold.
    threshold : float
        That threshold.
    ece_floor : float, optional
        Expected ``ece`` of a perfectly calibrated forecast of events as alike within blocks of time
        as these; see `nautilus_scalp.evaluation.intervals`.
    intervals : dict[str, tuple[float, float]]
        95 % intervals by block bootstrap of ``auc``, ``auc_gain`` (``auc`` less ``auc_imbalance``),
        ``ece`` and ``false_positive_rate``, of those that have one.

    """

    moves: int
    auc: float | None
    auc_imbalance: float | None
    accuracy: float | None
    accuracy_top_decile: float | None
    mcc: float | None
    brier: float | None
    ece: float | None
    ic: float | None
    false_positive_rate: float | None
    coverage: float | None
    threshold: float = 1.0
    ece_floor: float | None = None
    intervals: dict[str, tuple[float, float]] = {}


class ReliabilityBin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One bin of a reliability diagram.

    Attributes
    ----------
    predicted : float
        Mean forecast probability in the bin.
    observed : float
        Share of its events that came true.
    count : int
        Events in the bin.

    """

    predicted: float
    observed: float
    count: int


def horizon_metrics(
    probabilities: Float64,
    move_bps: Float64,
    imbalance: Float64,
    threshold: float,
    *,
    calibrated: bool = True,
) -> HorizonMetrics:
    """Score forecasts at one horizon.

    Parameters
    ----------
    probabilities : float64[m, 3]
        Of down, flat, up.
    move_bps : float64[m]
        What the mid did within the horizon.
    imbalance : float64[m]
        Queue imbalance ``(bid_size - ask_size) / (bid_size + ask_size)`` of the same events.
    threshold : float
        Probability of up or down from which an event is a call.
    calibrated : bool, optional
        Whether the probabilities are of this very horizon; if not, ``brier`` and ``ece`` are None.

    Returns
    -------
    HorizonMetrics
        The figures, without floor and intervals.

    """
    lean = probabilities[:, _UP] - probabilities[:, _DOWN]
    moved = move_bps != 0.0
    up = move_bps[moved] > 0.0
    said_up = lean[moved] > 0.0
    odds = direction_odds(probabilities[moved])
    call, wrong = wrong_calls(probabilities, move_bps, threshold)
    outcome = outcomes(move_bps)
    return HorizonMetrics(
        moves=int(moved.sum()),
        auc=auc(odds, up),
        auc_imbalance=auc(imbalance[moved], up),
        accuracy=_share(said_up == up),
        accuracy_top_decile=_share((said_up == up)[_top_decile(np.abs(odds))]),
        mcc=mcc(said_up, up),
        brier=brier(probabilities, outcome) if calibrated else None,
        ece=ece(probabilities, outcome) if calibrated else None,
        ic=rank_correlation(lean, move_bps),
        false_positive_rate=_share(wrong[call]),
        coverage=_share(call),
        threshold=threshold,
    )


def outcomes(move_bps: Float64) -> npt.NDArray[np.int64]:
    """Return the class that came true: 0 down, 1 flat, 2 up."""
    found: npt.NDArray[np.int64] = (1 + np.sign(move_bps)).astype(np.int64)
    return found


def wrong_calls(probabilities: Float64, move_bps: Float64, threshold: float) -> tuple[Bool, Bool]:
    """Tell which events (bool[m]) are calls, and after which the mid does not do as called."""
    up, down = probabilities[:, _UP], probabilities[:, _DOWN]
    wrong = np.where(up > down, move_bps <= 0.0, move_bps >= 0.0)
    return np.maximum(up, down) >= threshold, wrong


def direction_odds(probabilities: Float64) -> Float64:
    """Return ``log(p_up / p_down)`` of every row; a probability of zero counts as 1e-300."""
    floored = np.log(np.maximum(probabilities, 1e-300))
    odds: Float64 = floored[:, _UP] - floored[:, _DOWN]
    return odds


def auc(score: Float64, positive: Bool) -> float | None:
    """Return the area under the ROC curve; ties count one half (Mann and Whitney 1947).

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875

    """
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if positives == 0 or negatives == 0:
        return None
    wins = _ranks(score)[positive].sum() - positives * (positives + 1) / 2.0
    return float(wins / (positives * negatives))


def mcc(predicted: Bool, actual: Bool) -> float | None:
    """Return Matthews' correlation of two binary outcomes; None if one of them never varies."""
    if (
        len(actual) == 0
        or predicted.all()
        or actual.all()
        or not (predicted.any() and actual.any())
    ):
        return None
    return float(np.corrcoef(predicted.astype(np.float64), actual.astype(np.float64))[0, 1])


def brier(probabilities: Float64, outcome: npt.NDArray[np.int64]) -> float | None:
    """Return the mean over events of the sum over classes of the squared error, in [0, 2]."""
    if len(outcome) == 0:
        return None
    error = probabilities.copy()
    error[np.arange(len(outcome)), outcome] -= 1.0
    return float((error * error).sum(axis=1).mean())


def ece(probabilities: Float64, outcome: npt.NDArray[np.int64]) -> float | None:
    """Return the expected calibration error of the most probable class.

    Events are binned by the largest probability into 15 bins of equal width; the error is the
    absolute difference of mean probability and share of hits, averaged over events.
    """
    if len(outcome) == 0:
        return None
    hit = probabilities.argmax(axis=1) == outcome
    bins = reliability(probabilities.max(axis=1), hit, ECE_BINS)
    return float(sum(b.count * abs(b.predicted - b.observed) for b in bins) / len(outcome))


def reliability(
    probability: Float64, came_true: Bool, bins: int = RELIABILITY_BINS
) -> list[ReliabilityBin]:
    """Return the reliability diagram of a forecast, empty bins left out.

    Parameters
    ----------
    probability : float64[m]
        Forecast probability of an outcome.
    came_true : bool[m]
        Whether it happened.
    bins : int
        Bins of equal width over [0, 1].

    Returns
    -------
    list[ReliabilityBin]
        In increasing order of probability.

    """
    index = np.minimum((probability * bins).astype(np.int64), bins - 1)
    count = np.bincount(index, minlength=bins)
    predicted = np.bincount(index, weights=probability, minlength=bins)
    observed = np.bincount(index, weights=came_true.astype(np.float64), minlength=bins)
    return [
        ReliabilityBin(
            predicted=float(predicted[k] / count[k]),
            observed=float(observed[k] / count[k]),
            count=int(count[k]),
        )
        for k in np.flatnonzero(count)
    ]


def rank_correlation(score: Float64, move: Float64) -> float | None:
    """Return Spearman's rank correlation; None if either side never varies."""
    if len(score) == 0 or np.ptp(score) == 0.0 or np.ptp(move) == 0.0:
        return None
    return float(np.corrcoef(_ranks(score), _ranks(move))[0, 1])


def _ranks(values: Float64) -> Float64:
    """Return ranks from 1, ties sharing their mean."""
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    mean_rank: Float64 = last - (count - 1) / 2.0
    return mean_rank[inverse]


def _share(which: Bool) -> float | None:
    return float(which.mean()) if len(which) else None


def _top_decile(size: Float64) -> npt.NDArray[np.int64]:
    """Return the tenth with the largest size, at least one; ties in favour of earlier events."""
    return np.argsort(-size, kind="stable")[: (len(size) + 9) // 10]
