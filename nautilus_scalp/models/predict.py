"""One row through the four models and what joins them: the kernel of stream and batch."""

import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.models.boosting import boosting_scores
from nautilus_scalp.models.calibration import NO_HINTS
from nautilus_scalp.models.calibration import Columns
from nautilus_scalp.models.calibration import Hints
from nautilus_scalp.models.calibration import calibrate
from nautilus_scalp.models.calibration import calibrated_odds
from nautilus_scalp.models.calibration import hints
from nautilus_scalp.models.calibration import write_odds
from nautilus_scalp.models.forest import forest_probabilities
from nautilus_scalp.models.logistic import linear_scores
from nautilus_scalp.models.lstm import lstm_step
from nautilus_scalp.models.move_rate import GAP_HINT
from nautilus_scalp.models.move_rate import RateState
from nautilus_scalp.models.move_rate import follow
from nautilus_scalp.models.scaler import standardise


ENSEMBLE_ROW = 4
EXTRA_ROW = 5
POOLED_ROW = 6
ROWS = 7
SMALLEST_PROBABILITY = 1e-6

Float64 = npt.NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def predict_row(  # noqa: PLR0913, PLR0917 - plain arrays are what a kernel unpacks fastest
    value: Float64,
    quote: tuple[int, float],
    columns: Columns,
    rate_state: RateState,
    state: npt.NDArray[np.float32],
    lanes: npt.NDArray[np.uint64],
    scratch: Float64,
    out: Float64,
    center: Float64,
    scale: Float64,
    linear_weight: Float64,
    linear_bias: Float64,
    forest_nodes: npt.NDArray[np.float32],
    forest_leaf: npt.NDArray[np.float32],
    lstm_layer1: npt.NDArray[np.float32],
    lstm_layer2: npt.NDArray[np.float32],
    lstm_head1: npt.NDArray[np.float32],
    lstm_head2: npt.NDArray[np.float32],
    boosting_base: Float64,
    boosting_nodes: npt.NDArray[np.float32],
    boosting_leaf: npt.NDArray[np.float32],
    calibration: Float64,
    weights: Float64,
    log_move_range: Float64,
    move_rate: Float64,
) -> None:
    """Predict one row with every model; the stream and the batch both call this.

    Parameters
    ----------
    value : float64[F]
        Features of one event. A value that is not finite gives NaN and steps nothing.
    quote : tuple[int, float]
        Exchange time in nanoseconds, and mid price.
    columns : tuple[int, int, int, int]
        Where the hints come from; see `nautilus_scalp.models.calibration.hint_columns`.
    rate_state
        See `nautilus_scalp.models.move_rate`.
    state : float32[state_size(F, H) + F]
        LSTM state and scratch; the last F hold the inputs as the trees see them.
    lanes, scratch
        Scratch: uint64[LANES], float64[F + 4].
    out : float64[7, 3]
        Rows 0-3: probabilities of each model. Row 4: of the ensemble. Row 5: absolute move in
        bps given one, disagreement, 0. Row 6: mean of the models, before it is calibrated.
    center, scale : float64[F]
        See `nautilus_scalp.models.scaler`.
    linear_weight, linear_bias : float64[4, F], float64[4]
        Rows 0-2: logistic regression. Row 3: logarithm of the absolute move in bps, given one.
    forest_*, boosting_*
        See `nautilus_scalp.models.trees`.
    lstm_*
        See `nautilus_scalp.models.lstm`.
    calibration : float64[5, 8]
        Of each model in the order of ``MODEL_NAMES``, then of the ensemble.
    weights : float64[4]
        Of each model; they sum to 1.
    log_move_range : float64[2]
        Bounds of the logarithm of the move.
    move_rate : float64[8]
        See `nautilus_scalp.models.move_rate`.
    """
    count = value.shape[0]
    for k in range(count):
        if not np.isfinite(value[k]):
            out[:] = np.nan
            return
    z = scratch[:count]
    linear = scratch[count:]
    inputs = state[state.shape[0] - count :]
    for k in range(count):
        inputs[k] = np.float32(value[k])
    standardise(value, center, scale, z)

    linear_scores(z, linear_weight, linear_bias, linear)
    for c in range(3):
        out[0, c] = linear[c]
    forest_probabilities(inputs, forest_nodes, forest_leaf, lanes, out[1])
    for c in range(3):
        out[1, c] = np.log(max(out[1, c], SMALLEST_PROBABILITY))
    lstm_step(z, lstm_layer1, lstm_layer2, lstm_head1, lstm_head2, state, out[2])
    boosting_scores(inputs, boosting_base, boosting_nodes, boosting_leaf, lanes, out[3])

    hint = hints(value, columns)
    odds = _combine(calibration, weights, hint, out)
    move, direction = follow(odds, hint[GAP_HINT], quote, move_rate, rate_state)
    write_odds(move, direction, out[ENSEMBLE_ROW])
    log_move = min(max(linear[3], log_move_range[0]), log_move_range[1])
    out[EXTRA_ROW, 0] = np.exp(log_move)
    out[EXTRA_ROW, 2] = 0.0


@njit(cache=True, error_model="numpy")
def _combine(
    calibration: Float64, weights: Float64, hint: Hints, out: Float64
) -> tuple[float, float]:
    """Turn the scores in rows 0-3 of ``out`` into probabilities, and pool them.

    Returns the calibrated move and direction log-odds of the ensemble.
    """
    pooled, scores = out[POOLED_ROW], out[ENSEMBLE_ROW]
    pooled[:] = 0.0
    for k in range(weights.shape[0]):
        calibrate(out[k], calibration[k], NO_HINTS, out[k])
        for c in range(3):
            pooled[c] += weights[k] * out[k, c]
    opinion = pooled[2] - pooled[0]
    variance = 0.0
    for k in range(weights.shape[0]):
        gap = out[k, 2] - out[k, 0] - opinion
        variance += weights[k] * gap * gap
    out[EXTRA_ROW, 1] = np.sqrt(variance)
    for c in range(3):
        scores[c] = np.log(max(pooled[c], SMALLEST_PROBABILITY))
    return calibrated_odds(scores, calibration[ENSEMBLE_ROW], hint)
