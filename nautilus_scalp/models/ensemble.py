"""The four models as one compiled call: a scaled vector in, calibrated probabilities out."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from numba import njit

from nautilus_scalp.features.matrix import FeatureMatrix
from nautilus_scalp.models.calibration import Columns
from nautilus_scalp.models.calibration import hint_columns
from nautilus_scalp.models.lstm import state_size
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.models.move_rate import RateState
from nautilus_scalp.models.move_rate import forget
from nautilus_scalp.models.move_rate import new_state
from nautilus_scalp.models.predict import ENSEMBLE_ROW
from nautilus_scalp.models.predict import EXTRA_ROW
from nautilus_scalp.models.predict import POOLED_ROW
from nautilus_scalp.models.predict import ROWS
from nautilus_scalp.models.predict import predict_row
from nautilus_scalp.models.trees import LANES
from nautilus_scalp.models.trees import pack_nodes


MODEL_NAMES = ("logistic", "random_forest", "lstm", "xgboost")
ARRAY_NAMES = (
    "center",
    "scale",
    "linear_weight",
    "linear_bias",
    "forest_feature",
    "forest_threshold",
    "forest_leaf",
    "lstm_layer1",
    "lstm_layer2",
    "lstm_head1",
    "lstm_head2",
    "boosting_base",
    "boosting_feature",
    "boosting_threshold",
    "boosting_leaf",
    "calibration",
    "weights",
    "log_move_range",
    "move_rate",
)

Float64 = npt.NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def _predict_rows(  # noqa: PLR0913, PLR0917 - as above
    values: Float64,
    order: npt.NDArray[np.int64],
    segment: npt.NDArray[np.int32],
    quotes: tuple[npt.NDArray[np.int64], Float64],
    columns: Columns,
    rate_state: RateState,
    buffers: tuple[npt.NDArray[np.float32], npt.NDArray[np.uint64], Float64],
    out: Float64,
    parameters: tuple[Any, ...],
) -> None:
    """Predict rows in the given order, with fresh states for every segment."""
    state, lanes, scratch = buffers
    ts_event_ns, mid = quotes
    current = np.int64(-1)
    for i in order:
        if segment[i] != current:
            state[:] = 0.0
            forget(rate_state)
            current = np.int64(segment[i])
        quote = (ts_event_ns[i], mid[i])
        predict_row(
            values[i],
            quote,
            columns,
            rate_state,
            state,
            lanes,
            scratch,
            out[i],
            *parameters,
        )


class BatchPrediction(msgspec.Struct, frozen=True, kw_only=True):
    """
    Predictions for many rows; NaN where a row was not ready.

    Attributes
    ----------
    probabilities : float64[m, 3]
        Of the ensemble: down, flat, up.
    per_model : float64[4, m, 3]
        Of each model in ``MODEL_NAMES``.
    move_bps : float64[m]
        Expected absolute move, given that the mid moves.
    disagreement : float64[m]
        Weighted standard deviation over models of ``p_up - p_down``, in [0, 1].
    pooled : float64[m, 3]
        Weighted mean of the models, before it is calibrated for a horizon and corrected.

    """

    probabilities: Float64
    per_model: Float64
    move_bps: Float64
    disagreement: Float64
    pooled: Float64


class Ensemble:
    """Four fitted models, their calibration and their manifest; never changes.

    Parameters
    ----------
    manifest : Manifest
        What was trained, on what, and with which result.
    arrays : Mapping[str, ndarray]
        The parameters, by the names in ``ARRAY_NAMES``.

    """

    def __init__(self, manifest: Manifest, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self.manifest = manifest
        self.arrays = {name: np.ascontiguousarray(arrays[name]) for name in ARRAY_NAMES}
        self.parameters = _kernel_parameters(self.arrays)
        self.feature_count = len(self.arrays["center"])
        self.columns = hint_columns(manifest.feature_names)

    def stream(self) -> "EnsembleStream":
        """Return a predictor with its own state, for one instrument."""
        return EnsembleStream(self)

    def predict_batch(
        self,
        values: Float64,
        segment: npt.NDArray[np.int32],
        ready: npt.NDArray[np.bool_],
        ts_event_ns: npt.NDArray[np.int64],
        mid: Float64,
    ) -> BatchPrediction:
        """Predict many rows at once, bit-equal to streaming them one by one.

        Parameters
        ----------
        values : float64[m, F]
            Features; rows of several instruments may interleave.
        segment : int32[m]
            Non-negative; unique over instruments. A new segment starts with fresh states.
        ready : bool[m]
            Rows that are not ready are not seen by any model.
        ts_event_ns, mid : int64[m], float64[m]
            Exchange time and mid price of the quotes.

        Returns
        -------
        BatchPrediction
            One prediction per row.

        """
        out = np.full((len(values), ROWS, 3), np.nan)
        rows = np.flatnonzero(ready)
        order = rows[np.argsort(segment[rows], kind="stable")]
        _predict_rows(
            np.ascontiguousarray(values, np.float64),
            order,
            segment,
            (np.ascontiguousarray(ts_event_ns, np.int64), np.ascontiguousarray(mid, np.float64)),
            self.columns,
            new_state(),
            _buffers(self),
            out,
            self.parameters,
        )
        return BatchPrediction(
            probabilities=out[:, ENSEMBLE_ROW].copy(),
            per_model=np.ascontiguousarray(out[:, :ENSEMBLE_ROW].transpose(1, 0, 2)),
            move_bps=out[:, EXTRA_ROW, 0].copy(),
            disagreement=out[:, EXTRA_ROW, 1].copy(),
            pooled=out[:, POOLED_ROW].copy(),
        )

    def predict_matrix(self, matrix: FeatureMatrix) -> BatchPrediction:
        """Predict every row of a feature matrix; see `predict_batch`."""
        return self.predict_batch(
            matrix.values, matrix.segment, matrix.ready, matrix.ts_event_ns, matrix.mid
        )


class EnsembleStream:
    """One instrument's predictions, event by event.

    The arrays are reused: copy what must outlive the next call.

    Attributes
    ----------
    probabilities : float64[3]
        Of the ensemble: down, flat, up. NaN after an input that was not finite.
    per_model : float64[4, 3]
        Of each model in ``MODEL_NAMES``.

    """

    def __init__(self, ensemble: Ensemble) -> None:
        self._parameters = ensemble.parameters
        self._state, self._lanes, self._scratch = _buffers(ensemble)
        self._rate_state = new_state()
        self._columns = ensemble.columns
        self._out = np.full((ROWS, 3), np.nan)
        self._extra = self._out[EXTRA_ROW]
        self._segment = -1
        self.probabilities: Float64 = self._out[ENSEMBLE_ROW]
        self.per_model: Float64 = self._out[:ENSEMBLE_ROW]

    def predict(self, value: Float64, segment: int, ts_event_ns: int, mid: float) -> Float64:
        """Predict the next event.

        Parameters
        ----------
        value : float64[F]
            Its features.
        segment : int
            Run of events without a gap; when it changes, all memory starts afresh.
        ts_event_ns : int
            Exchange time of the quote.
        mid : float
            Its mid price: what became of earlier predictions shows in it.

        Returns
        -------
        float64[3]
            ``probabilities``.

        """
        if segment != self._segment:
            self._state.fill(0.0)
            forget(self._rate_state)
            self._segment = segment
        predict_row(
            value,
            (ts_event_ns, mid),
            self._columns,
            self._rate_state,
            self._state,
            self._lanes,
            self._scratch,
            self._out,
            *self._parameters,
        )
        return self.probabilities

    @property
    def move_bps(self) -> float:
        """Expected absolute move in bps, given that the mid moves."""
        return float(self._extra[0])

    @property
    def disagreement(self) -> float:
        """Weighted standard deviation over models of ``p_up - p_down``, in [0, 1]."""
        return float(self._extra[1])

    def reset(self) -> None:
        """Forget everything seen."""
        self._state.fill(0.0)
        forget(self._rate_state)
        self._out.fill(np.nan)
        self._segment = -1


def _kernel_parameters(arrays: Mapping[str, npt.NDArray[np.generic]]) -> tuple[Any, ...]:
    """Return the arrays as `predict_row` takes them: in order, the nodes of the trees packed."""
    taken: dict[str, Any] = dict(arrays)
    for kind in ("forest", "boosting"):
        threshold = taken.pop(f"{kind}_threshold")
        taken[f"{kind}_feature"] = pack_nodes(taken[f"{kind}_feature"], threshold)
    return tuple(taken.values())


def _buffers(
    ensemble: Ensemble,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint64], Float64]:
    count = ensemble.feature_count
    hidden = ensemble.arrays["lstm_layer1"].shape[1] // 4
    return (
        np.zeros(state_size(count, hidden) + count, np.float32),
        np.zeros(LANES, np.uint64),
        np.zeros(count + 4),
    )
