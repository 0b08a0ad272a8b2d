"""Whether the model still knows better than a coin: its signals against what the price did."""

from typing import Annotated

from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.features.kernels import decay
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
Rate = Annotated[float, Meta(ge=0.0, lt=1.0)]


class ModelGuardParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When a model is shut down, and when it is listened to again.

    Parameters
    ----------
    least_accuracy : float
        Below this share of signals that were right the model's opinion counts for nothing.
    recovered_accuracy : float
        From this share on it counts again; it is judged all the time.
    half_life_signals : float
        The weight of a judgement halves after so many.
    least_signals : int
        Before so many judgements nothing is said.

    """

    least_accuracy: Rate = 0.45
    recovered_accuracy: Rate = 0.5
    half_life_signals: Positive = 100.0
    least_signals: Count = 50


class ModelGuard:
    """
    Judges one signal at a time: the next only when the first one's horizon is over.

    Judgements so never overlap in time. A price that is the same after the horizon judges nobody.

    Parameters
    ----------
    params : ModelGuardParams
        When the model is shut down.

    Attributes
    ----------
    accuracy : float
        Share of signals that were right, the latest weighing most; 0 before the first.
    judged : int
        Signals so far.
    degraded : bool
        Whether the model is shut down.

    """

    KEPT = ("accuracy", "judged", "degraded", "_weight")

    def __init__(self, params: ModelGuardParams) -> None:
        self._params = params
        self._kept = decay(1.0, params.half_life_signals)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.accuracy = 0.0
        self.judged = 0
        self.degraded = False
        self._weight = 0.0
        self._side = 0
        self._mid = 0.0
        self._due_ns = 0

    def pause(self) -> None:
        """Drop the opinion that waits for its judgement: its horizon may end unseen."""
        self._side = 0

    def on_mid(self, ts_ns: int, mid: float, side: int, horizon_ms: int) -> None:
        """
        Take in a mid price and what the model says at it.

        Parameters
        ----------
        ts_ns : int
            Exchange time.
        mid : float
            Positive and finite.
        side : int
            +1 or -1 for an opinion, 0 for none.
        horizon_ms : int
            How far ahead the opinion looks.

        """
        if self._side:
            if ts_ns < self._due_ns:
                return
            if mid != self._mid:
                self._judge(right=(mid > self._mid) == (self._side > 0))
        self._side = side
        self._mid = mid
        self._due_ns = ts_ns + horizon_ms * _NS_PER_MS

    def _judge(self, *, right: bool) -> None:
        params = self._params
        self.judged += 1
        self._weight = self._weight * self._kept + 1.0
        self.accuracy += (float(right) - self.accuracy) / self._weight
        if self.judged < params.least_signals:
            return
        wanted = params.recovered_accuracy if self.degraded else params.least_accuracy
        self.degraded = self.accuracy < wanted
