"""Parameters of the synthetic market; the defaults resemble BTCUSDT-PERP on 19 July 2024."""

import math

import msgspec

from nautilus_scalp.data.synthetic.hawkes import HawkesParams
from nautilus_scalp.errors import UsageError


MOVE, MARKET, INSERT, CANCEL = 0, 1, 2, 3
KINDS = ("move", "market", "insert", "cancel")
_START_NS = 1_721_347_200_000_000_000  # 2024-07-19T00:00:00Z

# Maximum likelihood (`fit_hawkes`) over the 57,000 moves, orders, size increases and decreases of
# the eight recorded minutes; branching[scale][child][parent], numbers below 0.005 dropped.
BTCUSDT_2024_07 = HawkesParams(
    baseline_per_s=(0.0, 0.692, 2.044, 5.721),
    decay_per_s=(2000.0, 200.0, 10.0, 0.3),
    branching=(
        (
            (0.088, 0.014, 0.007, 0.001),
            (0.000, 0.000, 0.007, 0.003),
            (0.000, 0.046, 0.408, 0.052),
            (0.012, 0.000, 0.060, 0.376),
        ),
        (
            (0.389, 0.003, 0.000, 0.000),
            (0.019, 0.061, 0.000, 0.000),
            (4.335, 0.318, 0.023, 0.316),
            (0.000, 0.455, 0.090, 0.091),
        ),
        (
            (0.042, 0.000, 0.000, 0.000),
            (0.056, 0.093, 0.000, 0.000),
            (1.062, 0.000, 0.076, 0.021),
            (0.000, 0.000, 0.000, 0.063),
        ),
        (
            (0.021, 0.000, 0.000, 0.000),
            (0.000, 0.551, 0.000, 0.013),
            (0.000, 0.054, 0.008, 0.082),
            (0.000, 0.034, 0.000, 0.005),
        ),
    ),
)


_SHARE = (0.0, 1.0)
_SIGMA = (0.0, 10.0)
_POSITIVE = (1e-9, 1e9)
_RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 1 << 63),
    "hours": (1 / 3_600, 100_000),
    "edge": (0.0, 0.99),
    "half_life_ms": _POSITIVE,
    "start_ns": (1 << 40, 1 << 62),
    "base_price": _POSITIVE,
    "activity_sigma": (0.0, 3.0),
    "activity_half_life_ms": _POSITIVE,
    "jump_median_ticks": _POSITIVE,
    "jump_sigma": _SIGMA,
    "open_probability": _SHARE,
    "close_probability": (1e-3, 1.0),
    "sweep_probability": _SHARE,
    "flow_gain": (0.0, 100.0),
    "book_pull": (1e-3, 100.0),
    "trade_gain": (0.0, 100.0),
    "change_median": (1e-9, 1.0),
    "change_sigma": _SIGMA,
    "fresh_median_qty": _POSITIVE,
    "fresh_sigma": _SIGMA,
    "full_qty": _POSITIVE,
    "order_median_qty": _POSITIVE,
    "order_sigma": _SIGMA,
    "prints_median": _POSITIVE,
    "prints_sigma": _SIGMA,
    "prints_size_correlation": _SHARE,
    "level_median_qty": _POSITIVE,
    "level_sigma": _SIGMA,
    "adjacent_share": _SHARE,
    "level_gap_ticks": (2.0, 1_000.0),
}


class SyntheticParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that determines a synthetic market; equal parameters give equal bytes.

    Attributes
    ----------
    seed : int
        Of the random generator. Markets that differ in ``edge`` only share every time, size and
        jump; just the signs of the price moves differ.
    hours : float
        Length. A longer market begins with the shorter one.
    edge : float
        Correlation ``rho`` between the latent flow signal and the utility that decides the sign of
        a price move, 0 to 0.99: the sign is that of ``rho * signal + sqrt(1 - rho^2) * noise``.
    half_life_ms : float
        Half-life of the flow signal, a stationary Ornstein-Uhlenbeck process of variance one.
    start_ns : int
        Time of the first millisecond, nanoseconds since the epoch, a whole millisecond.
    instrument_id : str
        An instrument of ``instruments.toml``; its tick and step are the market's.
    base_price : float
        First mid price, quote currency.
    hawkes : HawkesParams
        Times of price moves, market orders, insertions and cancellations at the best prices.
    activity_sigma, activity_half_life_ms : float
        The Hawkes baseline is multiplied by a lognormal factor of mean one, the exponential of an
        Ornstein-Uhlenbeck process: calm and busy minutes. 0 gives the plain Hawkes process.
    jump_median_ticks, jump_sigma : float
        Lognormal size of a move, rounded to whole ticks, at least one.
    open_probability : float
        Share of the moves that move one side only, half as far, and so widen the spread.
    close_probability : float
        Chance that an event while the spread is wide closes it instead.
    sweep_probability : float
        Share of the moves that come with trades.
    flow_gain, book_pull : float
        The side that an insertion or cancellation favours is the sign of
        ``flow_gain * signal - book_pull * ln(bid size / ask size) + noise``.
    trade_gain : float
        The side of a market order is the sign of ``trade_gain * signal + noise``.
    change_median, change_sigma : float
        Lognormal relative size of an insertion or cancellation.
    fresh_median_qty, fresh_sigma : float
        Lognormal sum of both best queues just after a move, base currency.
    full_qty : float
        Sum of both best queues, base currency, above which insertions shrink and cancellations
        grow, in proportion, and below which it is the other way round.
    order_median_qty, order_sigma : float
        Lognormal size of a market order, base currency.
    prints_median, prints_sigma, prints_size_correlation : float
        The number of trades of a market order is the whole part of a lognormal, at least one; its
        logarithm is correlated with that of the order's size.
    level_median_qty, level_sigma : float
        Lognormal size of a deeper level, base currency.
    adjacent_share, level_gap_ticks : float
        Share of levels one tick behind the one before; mean distance of the others.

    Raises
    ------
    UsageError
        If a value is out of its range.

    """

    seed: int
    hours: float
    edge: float = 0.0
    half_life_ms: float = 2_000.0
    start_ns: int = _START_NS
    instrument_id: str = "BTCUSDT-PERP.BINANCE"
    base_price: float = 64_000.0
    hawkes: HawkesParams = BTCUSDT_2024_07
    activity_sigma: float = 0.7
    activity_half_life_ms: float = 30_000.0
    jump_median_ticks: float = 4.5
    jump_sigma: float = 1.4
    open_probability: float = 0.4
    close_probability: float = 0.19
    sweep_probability: float = 0.63
    flow_gain: float = 1.5
    book_pull: float = 0.45
    trade_gain: float = 0.9
    change_median: float = 0.012
    change_sigma: float = 2.1
    fresh_median_qty: float = 5.5
    fresh_sigma: float = 0.92
    full_qty: float = 22.0
    order_median_qty: float = 0.025
    order_sigma: float = 2.6
    prints_median: float = 0.89
    prints_sigma: float = 1.54
    prints_size_correlation: float = 0.7
    level_median_qty: float = 0.037
    level_sigma: float = 2.15
    adjacent_share: float = 0.46
    level_gap_ticks: float = 5.0

    def __post_init__(self) -> None:
        """Refuse values out of range, naming the key."""
        for key in self.__struct_fields__:
            low, high = _RANGES.get(key, (None, None))
            value = getattr(self, key)
            if low is not None and not low <= value <= high:
                message = f"{key} is {value}"
                raise UsageError(message, f"give a value from {low:g} to {high:g}")
        if len(self.hawkes.baseline_per_s) != len(KINDS):
            message = f"hawkes has {len(self.hawkes.baseline_per_s)} event types"
            raise UsageError(message, f"give the four types {', '.join(KINDS)}")
        if self.start_ns % 1_000_000:
            message = f"start_ns {self.start_ns} is not a whole millisecond"
            raise UsageError(message, "event times are milliseconds; round start_ns")

    @property
    def reversion_per_s(self) -> float:
        """Mean-reversion rate ``theta`` of the flow signal."""
        return math.log(2) / self.half_life_ms * 1_000

    @property
    def end_ns(self) -> int:
        """First millisecond after the market, nanoseconds since the epoch."""
        return self.start_ns + round(self.hours * 3_600_000) * 1_000_000
