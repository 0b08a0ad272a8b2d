"""Fit what joins the models: calibrations for every horizon, and when a forecast is a call."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.models.calibration import DOWN
from nautilus_scalp.models.calibration import FLAT
from nautilus_scalp.models.calibration import UP
from nautilus_scalp.models.calibration import WIDTH
from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import fit_calibration
from nautilus_scalp.models.calibration import fit_gains
from nautilus_scalp.models.calibration import log_odds_rows
from nautilus_scalp.models.predict import ENSEMBLE_ROW
from nautilus_scalp.models.predict import SMALLEST_PROBABILITY


Float64 = npt.NDArray[np.float64]
Integer = npt.NDArray[np.integer]

FEWEST_CALLS = 20
_STEP = 0.01  # from one threshold that is tried to the next
_LAST = 0.995  # and below this
_HALVINGS = 12  # of the margin by which a probability must be sure, at most
_MOVE_HELD = (1.0, 0.01, 0.03, 1.0, 1.0)  # pseudo-observations: move, bias, gap, fresh, eaten
DIRECTION_PRIOR = (0.6, 0.5, 0.0)  # models, queues, pull: minutes cannot tell the first two apart,
DIRECTION_HELD = (100.0, 100.0, 0.1)  # which these pseudo-observations hold; hours of data can


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became true of some rows within a horizon.

    Attributes
    ----------
    label : integer[m]
        0 down, 1 flat, 2 up, negative where it is not known.
    share : float
        Independent observations in a row: the mean uniqueness of its label.

    """

    label: Integer
    share: float


class Pooling(msgspec.Struct, frozen=True, kw_only=True):
    """
    How raw model outputs become the signal.

    Attributes
    ----------
    calibration : float64[5, 8]
        Of each model, then of the ensemble.
    horizons : dict[int, float64[8]]
        By horizon in milliseconds: calibration of the mean of the models for that horizon.
    pooled : float64[m, 3]
        That mean, of the rows it was fitted on.

    """

    calibration: Float64
    horizons: dict[int, Float64]
    pooled: Float64


def log_scores(probabilities: Float64) -> Float64:
    """Return probabilities as class scores; the floor is that of the compiled ensemble."""
    return np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))


def fit_pooling(
    per_model: Float64,
    weights: Float64,
    hint: Float64,
    target: Outcome,
    horizons: dict[int, Outcome],
) -> Pooling:
    """Fit every calibration on rows that the models were not fitted on, from them outwards.

    Parameters
    ----------
    per_model : float64[4, m, 3]
        Uncalibrated probabilities.
    weights : float64[4]
        Of the models; they sum to 1.
    hint : float64[m, 5]
        From `nautilus_scalp.models.calibration.hint_rows`.
    target : Outcome
        What the models were fitted to.
    horizons : dict[int, Outcome]
        Moves of the mid by horizon in milliseconds.

    Returns
    -------
    Pooling
        The fit.

    """
    alone = np.zeros_like(hint)
    calibration = np.empty((len(per_model) + 1, WIDTH))
    pooled = np.zeros(per_model.shape[1:])
    for k, probabilities in enumerate(per_model):
        scores = log_scores(probabilities)
        calibration[k] = fit_calibration(scores, target.label)
        pooled += weights[k] * calibrate_rows(scores, calibration[k], alone)
    odds = log_odds_rows(log_scores(pooled))
    calibration[ENSEMBLE_ROW] = fit_head(odds, hint, target)
    found = {horizon: fit_head(odds, hint, outcome) for horizon, outcome in horizons.items()}
    return Pooling(calibration=calibration, horizons=found, pooled=pooled)


def fit_head(odds: Float64, hint: Float64, outcome: Outcome) -> Float64:
    """Fit how the mean of the models and the hints of the book become a forecast.

    Priors hold the gains as strongly as if every row were ``share`` observations. Models and queues
    mostly say the same, so a few minutes cannot tell how much of it is whose; the prior gives both
    a say, because that of the queues carried over to every other market tried.

    Parameters
    ----------
    odds : float64[m, 2]
        Move and direction log-odds of the mean of the models.
    hint : float64[m, 5]
        Tilt, gap, pull, fresh move, eaten queue.
    outcome : Outcome
        What became true.

    Returns
    -------
    float64[8]
        See `nautilus_scalp.models.calibration.calibrated_odds`.

    """
    weak = 1.0 / outcome.share
    known = outcome.label >= 0
    lean, gap, pull, fresh, eaten = hint.T
    moves = fit_gains(
        np.column_stack((odds[:, 0], np.ones(len(odds)), gap, fresh, eaten))[known],
        outcome.label[known] != FLAT,
        center=(1.0, 0.0, 0.0, 0.0, 0.0),
        ridge=tuple(held * weak for held in _MOVE_HELD),
        free=(1,),
    )
    moved = known & (outcome.label != FLAT)
    directions = fit_gains(
        np.column_stack((odds[:, 1], lean, pull))[moved],
        outcome.label[moved] == UP,
        center=DIRECTION_PRIOR,
        ridge=tuple(held * weak for held in DIRECTION_HELD),
        free=(),
    )
    return np.array((*moves, *directions))


def call_threshold(
    signal: Float64, label: Integer, block: Integer, part: Integer, target: float
) -> float:
    """Return the smallest threshold from which calls are wrong at most as often as the target.

    Calls come in blocks of time that are right or wrong together, and the next day may bring a
    block that is wrong as a whole: one such block of average size is counted with those that were
    seen. So a few blocks are never enough, however right they were. And every part of the window
    is held to the target alone. No threshold is below ``1 - target``, however right the calls were
    there: another day keeps what forecasts promise, which follow it, but not what they happened to
    hold beyond that.

    Parameters
    ----------
    signal : float64[m, 3]
        Forecasts by models that were not fitted on these rows.
    label : integer[m]
        0 down, 1 flat, 2 up, negative where it is not known.
    block, part : integer[m]
        Block of time, and part of the window, of every row. Parts in which fewer than 20 rows reach
        a threshold say nothing about it.
    target : float
        Share of calls that may be wrong: the mid moves the other way or not at all.

    Returns
    -------
    float
        ``1 - target``, 0.01 more, and so on below 0.995. Where none meets the target the
        probabilities are taken at their word, with a margin: it is ``1 - target / 2``, and if even
        those calls were wrong more often than the target, ``1 - target / 4`` and so on.

    """
    known = np.flatnonzero((label >= 0) & np.isfinite(signal[:, 0]))
    top = np.maximum(signal[known, DOWN], signal[known, UP])
    called = np.where(signal[known, UP] > signal[known, DOWN], UP, DOWN)
    wrong = called != label[known]
    parts = [part[known] == each for each in np.unique(part[known])]
    for threshold in np.round(np.arange(1.0 - target, _LAST, _STEP), 3):
        calls = top >= threshold
        count = int(calls.sum())
        if count == 0:
            break
        usual = count / len(np.unique(block[known][calls]))
        shares = [
            float(wrong[here].mean()) for here in (calls & one for one in parts) if _many(here)
        ]
        shares.append((int(wrong[calls].sum()) + usual) / (count + usual))
        if max(shares) <= target:
            return float(threshold)
    for word in 1.0 - target / 2.0 ** np.arange(1, _HALVINGS):
        calls = top >= word
        if not _many(calls) or float(wrong[calls].mean()) <= target:
            return float(word)
    return 1.0


def _many(calls: npt.NDArray[np.bool_]) -> bool:
    return int(calls.sum()) >= FEWEST_CALLS
