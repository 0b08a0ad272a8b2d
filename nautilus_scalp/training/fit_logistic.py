"""Fit the two linear models: class scores, and the size of a move."""

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from nautilus_scalp.training.config import LogisticParams
from nautilus_scalp.training.labels import balance


Float64 = npt.NDArray[np.float64]

_RIDGE = 1.0
_TAIL = 0.005


class MoveSize(msgspec.Struct, frozen=True, kw_only=True):
    """
    How far the mid goes when it moves: ``log |move in bps| = weight @ z + bias``.

    Attributes
    ----------
    weight : float64[F]
        Coefficients of scaled inputs.
    bias : float
        Intercept, with the smearing factor.
    log_range : float64[2]
        Range that predictions of the logarithm are held in.

    """

    weight: Float64
    bias: float
    log_range: Float64


def fit_logistic(
    z: Float64, label: npt.NDArray[np.int8], weight: Float64, params: LogisticParams
) -> LogisticRegression:
    """Fit scikit-learn's multinomial logistic regression with balanced classes.

    Parameters
    ----------
    z : float64[m, F]
        Scaled inputs.
    label : int8[m]
        0 down, 1 flat, 2 up; each occurs.
    weight : float64[m]
        Of the rows, before classes are balanced.
    params : LogisticParams
        Penalty and steps.

    Returns
    -------
    LogisticRegression
        Its ``coef_`` (float64[3, F]) and ``intercept_`` are what the compiled model evaluates.

    """
    model = LogisticRegression(C=params.c, max_iter=params.max_iter)
    model.fit(z, label, sample_weight=balance(label, weight))
    return model


def fit_move_size(z: Float64, move_bps: Float64) -> MoveSize:
    """Fit how far the mid goes when it moves: a ridge regression of ``log |move|``.

    The intercept carries Duan's (1983) smearing factor, so that the exponential of a prediction
    is a mean and not a median.

    Parameters
    ----------
    z : float64[m, F]
        Scaled inputs.
    move_bps : float64[m]
        Moves; rows without one are left out.

    Returns
    -------
    MoveSize
        The fit.

    """
    moved = move_bps != 0.0
    inputs = z[moved]
    target = np.log(np.abs(move_bps[moved]))
    center = inputs.mean(axis=0)
    mean = target.mean()
    gram = (inputs - center).T @ (inputs - center) + _RIDGE * np.eye(z.shape[1])
    weight = np.linalg.solve(gram, (inputs - center).T @ (target - mean))
    bias = float(mean - center @ weight)
    fitted = inputs @ weight + bias
    smearing = float(np.log(np.mean(np.exp(target - fitted))))
    limits = np.quantile(fitted, (_TAIL, 1.0 - _TAIL)) + smearing
    return MoveSize(weight=weight, bias=bias + smearing, log_range=limits)
