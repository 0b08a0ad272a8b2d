"""The synthetic market as a stream of hours, in memory bounded by one of them."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.instruments import find_spec
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.data.synthetic import kernel
from nautilus_scalp.data.synthetic import state
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.errors import UsageError


type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]

CHUNK_MS = 3_600_000
_WARM_UP_MS = 120_000
_NS_PER_MS = 1_000_000
_ROWS = 1 << 18
_SAFE_DEVIATIONS = 20


class Chunk(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An hour of the market, or what there is of it.

    Attributes
    ----------
    start_ms, end_ms : int
        First millisecond since the epoch, and the first one after the chunk.
    quotes : int64[n, 6]
        Columns ``state.QUOTE_COLUMNS``: millisecond, update id, bid and ask in ticks, bid and ask
        size in steps.
    signals : float64[n, 3]
        Beside each quote: the latent flow signal, and the mean and variance of it given everything
        published up to the quote (by a forecaster who knows the parameters).
    trades : int64[m, 5]
        Columns ``state.TRADE_COLUMNS``: millisecond, trade id, price in ticks, size in steps,
        aggressor side +1 or -1.
    depth_times : int64[k, 2]
        Millisecond and last update id of each snapshot.
    depths : int64[k, 4, 10]
        Bid prices, ask prices (ticks), bid sizes, ask sizes (steps); best first.

    """

    start_ms: int
    end_ms: int
    quotes: Ints
    signals: Floats
    trades: Ints
    depth_times: Ints
    depths: Ints


def generate(params: SyntheticParams) -> Iterator[Chunk]:
    """Generate the market hour by hour.

    Parameters
    ----------
    params : SyntheticParams

    Yields
    ------
    Chunk
        Consecutive hours; the last one may be shorter.

    Raises
    ------
    UsageError
        If the instrument is unknown, or the price so low that it could reach zero.

    """
    spec = instrument_spec(params)
    start_ms, end_ms = params.start_ns // _NS_PER_MS, params.end_ns // _NS_PER_MS
    _require_safe_price(params, spec)
    simulation = _Simulation(params, spec)
    simulation.window(start_ms - _WARM_UP_MS, start_ms)
    simulation.restart()
    for chunk_ms in range(start_ms, end_ms, CHUNK_MS):
        yield simulation.window(chunk_ms, min(chunk_ms + CHUNK_MS, end_ms))


def instrument_spec(params: SyntheticParams) -> InstrumentSpec:
    """Return the exchange facts of the market's instrument."""
    return find_spec(load_specs(), params.instrument_id)


class _Simulation:
    """The state of the kernel and its growing buffers."""

    def __init__(self, params: SyntheticParams, spec: InstrumentSpec) -> None:
        self._laws = _laws(params, spec)
        hawkes = params.hawkes
        types, scales = len(hawkes.baseline_per_s), len(hawkes.decay_per_s)
        self._clockwork = state.Clockwork(
            excitation=np.zeros((scales, types)),
            baseline=np.array(hawkes.baseline_per_s),
            current=np.array(hawkes.baseline_per_s),
            decay=np.array(hawkes.decay_per_s),
            kicks=hawkes.kicks,
        )
        self._rng = np.random.default_rng(params.seed)
        book = np.zeros(7, np.int64)
        self._base = round(params.base_price / float(spec.tick_size))
        size = max(2, round(math.exp(self._laws.log_fresh)))
        book[state.BID : state.UPDATE_ID] = (self._base, self._base + 1, size // 2, size // 2)
        latent = np.array([0.0, *self._rng.standard_normal(2), 0.0, 1.0])
        shape = (2, state.LEVELS - 1)
        self._market = state.Market(book, latent, np.full(shape, np.nan), np.zeros(shape, np.int64))

    def restart(self) -> None:
        """Give the warmed-up market its first price and its first ids."""
        book = self._market.book
        book[[state.BID, state.ASK]] += self._base - book[state.BID]
        book[[state.UPDATE_ID, state.TRADE_ID]] = 0

    def window(self, start_ms: int, end_ms: int) -> Chunk:
        """Run from one millisecond to before another."""
        interval = state.DEPTH_INTERVAL_MS
        self._market.book[state.NEXT_DEPTH_MS] = -(-start_ms // interval) * interval
        parts: list[state.Output] = []
        ended = False
        while not ended:
            snapshots = (end_ms - start_ms) // interval + 1
            parts.append(_output(snapshots))
            ended = kernel.run(
                self._rng,
                self._laws,
                self._clockwork,
                self._market,
                parts[-1],
                (start_ms, end_ms),
            )
        return Chunk(
            start_ms=start_ms,
            end_ms=end_ms,
            quotes=_joined(parts, "quotes", state.QUOTES),
            signals=_joined(parts, "signals", state.QUOTES),
            trades=_joined(parts, "trades", state.TRADES),
            depth_times=_joined(parts, "depth_times", state.DEPTHS),
            depths=_joined(parts, "depths", state.DEPTHS),
        )


def _output(snapshots: int) -> state.Output:
    return state.Output(
        quotes=np.empty((_ROWS, len(state.QUOTE_COLUMNS)), np.int64),
        signals=np.empty((_ROWS, 3)),
        trades=np.empty((_ROWS, len(state.TRADE_COLUMNS)), np.int64),
        depth_times=np.empty((snapshots, 2), np.int64),
        depths=np.empty((snapshots, 4, state.LEVELS), np.int64),
        filled=np.zeros(3, np.int64),
    )


def _joined(parts: list[state.Output], name: str, counter: int) -> npt.NDArray[Any]:
    return np.concatenate([getattr(part, name)[: part.filled[counter]] for part in parts])


def _laws(params: SyntheticParams, spec: InstrumentSpec) -> state.Laws:
    """Translate parameters into the kernel's units."""
    step = float(spec.step_size)
    return state.Laws(
        edge=params.edge,
        reversion_per_s=params.reversion_per_s,
        calming_per_s=math.log(2) / params.activity_half_life_ms * 1_000,
        activity_sigma=params.activity_sigma,
        log_jump=math.log(params.jump_median_ticks),
        jump_sigma=params.jump_sigma,
        open_probability=params.open_probability,
        close_probability=params.close_probability,
        sweep_probability=params.sweep_probability,
        flow_gain=params.flow_gain,
        book_pull=params.book_pull,
        trade_gain=params.trade_gain,
        log_change=math.log(params.change_median),
        change_sigma=params.change_sigma,
        log_fresh=math.log(params.fresh_median_qty / step),
        fresh_sigma=params.fresh_sigma,
        full_size=params.full_qty / step,
        log_order=math.log(params.order_median_qty / step),
        order_sigma=params.order_sigma,
        log_prints=math.log(params.prints_median),
        prints_sigma=params.prints_sigma,
        prints_size_correlation=params.prints_size_correlation,
        log_level=math.log(params.level_median_qty / step),
        level_sigma=params.level_sigma,
        adjacent_share=params.adjacent_share,
        gap_scale=_gap_scale(params.level_gap_ticks),
    )


def _gap_scale(mean_ticks: float) -> float:
    """Return the mean of the exponential whose whole part plus two has the mean asked for."""
    extra = mean_ticks - 2.0
    return 1.0 / math.log1p(1.0 / extra) if extra > 0.0 else 0.0


def _require_safe_price(params: SyntheticParams, spec: InstrumentSpec) -> None:
    """Refuse a market whose price could reach zero: a boundary would make it predictable."""
    rms_jump = params.jump_median_ticks * math.exp(params.jump_sigma**2)
    jumps = params.hawkes.rates_per_s[0] * params.hours * 3_600
    # signs of neighbouring jumps agree in a market with an edge, for about a half-life
    together = 1 + params.edge**2 * params.hawkes.rates_per_s[0] * 2 / params.reversion_per_s
    reach = _SAFE_DEVIATIONS * rms_jump * math.sqrt(jumps * together) * float(spec.tick_size)
    if reach > params.base_price:
        message = f"base_price {params.base_price} could reach zero within {params.hours} hours"
        raise UsageError(message, f"give a base_price above {reach:.4g}, or fewer hours")
