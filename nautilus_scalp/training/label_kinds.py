"""The labels that can be learned, each mapped to the three classes of the ensemble."""

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import UsageError
from nautilus_scalp.training.barriers import label_barriers
from nautilus_scalp.training.labels import DOWN
from nautilus_scalp.training.labels import FLAT
from nautilus_scalp.training.labels import NO_LABEL
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import UP
from nautilus_scalp.training.labels import Labels
from nautilus_scalp.training.labels import label_moves


BPS_PER_PERCENT = 100.0
FIVE_NAMES = ("strong down", "down", "flat", "up", "strong up")

type Floats = npt.NDArray[np.float64]
type Kind = Literal["horizon", "cost_band", "five_class", "triple_barrier", "meta"]


class LabelParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What is predicted over `horizon_ms`.

    Parameters
    ----------
    kind : str
        ``horizon``: the sign of the mid's move. ``cost_band``: a move counts only beyond
        `band_bps`. ``five_class``: moves from bar to bar in five bands, learned as three.
        ``triple_barrier``: the barrier touched first. ``meta``: whether a trade on queue
        imbalance would reach its barrier (act), learned as the side if it would and flat if not.
    band_bps : float
        Moves up to this size are flat (`cost_band`): what a trade costs.
    bar_ms : int
        Length of a bar (`five_class`); the first quote of each bar is a row.
    bands_percent : tuple[float, float]
        Inner and outer band (`five_class`).
    width : float
        Barrier in standard deviations of a move over the horizon (`triple_barrier`, `meta`).
    floor_bps : float
        Least distance of a barrier (`triple_barrier`, `meta`).
    volatility_half_life_ms : float
        Memory of the volatility that barriers follow (`triple_barrier`, `meta`).
    act_imbalance : float
        The primary rule of `meta`: at least this queue imbalance calls a side.

    """

    kind: Kind = "horizon"
    band_bps: float = 0.5
    bar_ms: int = 60_000
    bands_percent: tuple[float, float] = (0.5, 1.5)
    width: float = 1.0
    floor_bps: float = 0.05
    volatility_half_life_ms: float = 10_000.0
    act_imbalance: float = 0.5

    def __post_init__(self) -> None:
        """Refuse values that label nothing."""
        inner, outer = self.bands_percent
        for key, fine, remedy in (
            ("band_bps", self.band_bps >= 0.0, "give 0 or more bps"),
            ("bar_ms", self.bar_ms > 0, "give a positive number of milliseconds"),
            ("bands_percent", 0.0 <= inner < outer, "give two rising numbers, as [0.5, 1.5]"),
            ("width", self.width >= 0.0, "give 0 or more standard deviations"),
            ("floor_bps", self.floor_bps > 0.0, "give a distance above 0 bps"),
            ("volatility_half_life_ms", self.volatility_half_life_ms > 0.0, "give more than 0 ms"),
            ("act_imbalance", 0.0 < self.act_imbalance < 1.0, "give a share between 0 and 1"),
        ):
            if not fine:
                message = f"training configuration: label.{key} has a value that cannot be used"
                raise UsageError(message, remedy)


def make_labels(
    ts_event_ns: npt.NDArray[np.int64],
    mid: Floats,
    segment: npt.NDArray[np.int32],
    imbalance: Floats,
    horizon_ms: int,
    params: LabelParams,
) -> Labels:
    """Label every row.

    Parameters
    ----------
    ts_event_ns : int64[m]
        Exchange time of every row, never falling within a segment.
    mid : float64[m]
        Mid price.
    segment : int32[m]
        Rows of several segments may interleave.
    imbalance : float64[m]
        Queue imbalance; only `meta` looks at it.
    horizon_ms : int
        Horizon in milliseconds of exchange time.
    params : LabelParams
        Which label.

    Returns
    -------
    Labels
        ``DOWN``, ``FLAT``, ``UP`` or ``NO_LABEL`` a row. What the five bands are of `five_class`
        tells `five_classes`; of `meta` every row but ``FLAT`` is an act.

    """
    if params.kind in {"triple_barrier", "meta"}:
        touched = label_barriers(
            ts_event_ns,
            mid,
            segment,
            horizon_ms,
            width=params.width,
            floor_bps=params.floor_bps,
            half_life_ms=params.volatility_half_life_ms,
        )
        return touched if params.kind == "triple_barrier" else _meta(touched, imbalance, params)
    moves = label_moves(ts_event_ns, mid, segment, horizon_ms)
    if params.kind == "horizon":
        return moves
    if params.kind == "cost_band":
        return msgspec.structs.replace(moves, direction=_banded(moves, params.band_bps))
    direction = _banded(moves, params.bands_percent[0] * BPS_PER_PERCENT)
    direction[~_opens_bar(ts_event_ns, segment, params.bar_ms)] = NO_LABEL
    return msgspec.structs.replace(moves, direction=direction)


def five_classes(move_bps: Floats, bands_percent: tuple[float, float]) -> npt.NDArray[np.int8]:
    """Return the band of every move: 0 strong down, 1 down, 2 flat, 3 up, 4 strong up.

    Examples
    --------
    >>> five_classes(np.array([-151.0, -150.0, 50.0, 51.0, 1e9]), (0.5, 1.5)).tolist()
    [0, 1, 2, 3, 4]

    """
    inner, outer = (band * BPS_PER_PERCENT for band in bands_percent)
    size = (np.abs(move_bps) > inner).astype(np.int8) + (np.abs(move_bps) > outer)
    bands: npt.NDArray[np.int8] = (2 + np.sign(move_bps) * size).astype(np.int8)
    return bands


def _banded(moves: Labels, band_bps: float) -> npt.NDArray[np.int8]:
    direction = moves.direction.copy()
    direction[moves.known & (np.abs(moves.move_bps) <= band_bps)] = FLAT
    return direction


def _opens_bar(
    ts_event_ns: npt.NDArray[np.int64], segment: npt.NDArray[np.int32], bar_ms: int
) -> npt.NDArray[np.bool_]:
    """Tell which rows are the first of their bar and segment; the past alone decides it."""
    order = np.argsort(segment, kind="stable")
    bar = ts_event_ns[order] // (bar_ms * NS_PER_MS)
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(bar) != 0) | (np.diff(segment[order]) != 0)
    opens = np.empty(len(order), np.bool_)
    opens[order] = first
    return opens


def _meta(touched: Labels, imbalance: Floats, params: LabelParams) -> Labels:
    """Label acts: the side that imbalance calls, if its barrier is touched first."""
    side = np.where(imbalance > 0.0, UP, DOWN)
    called = np.abs(imbalance) >= params.act_imbalance
    act = np.where(touched.direction == side, side, FLAT)
    direction = np.where(called & touched.known, act, NO_LABEL).astype(np.int8)
    return msgspec.structs.replace(touched, direction=direction)
