"""Read the books of a finished engine: fills, orders and P&L of every strategy."""

from collections import Counter

import numpy as np
from msgspec.structs import replace
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderDenied
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.evaluation.fills import Fills
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.evaluation.fills import Payments
from nautilus_scalp.evaluation.queues import QueueVerdict
from nautilus_scalp.evaluation.queues import judge_queues
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.market import Market
from nautilus_scalp.runtime.report.measures import MARKOUT_HORIZONS_MS
from nautilus_scalp.runtime.report.results import StrategyResult
from nautilus_scalp.runtime.simulation.books import Books
from nautilus_scalp.runtime.simulation.records import FundingPaid
from nautilus_scalp.runtime.simulation.resting import resting_orders


def collect_results(
    engine: BacktestEngine,
    books: Books,
    config_name: str,
    markets: dict[str, Market],
    tapes: dict[str, Tape],
) -> list[StrategyResult]:
    """Read one result per strategy and instrument from the engine's books.

    Parameters
    ----------
    engine : BacktestEngine
        A finished engine that has not been disposed of.
    books : Books
        Funding, and the positions that the engine itself no longer holds.
    config_name : str
        Name of the configuration, as the report prints it.
    markets : dict[str, Market]
        Mid prices and regimes of every instrument over the window.
    tapes : dict[str, Tape]
        Quotes and trades of the instruments whose resting orders other queue models shall judge.

    Returns
    -------
    list[StrategyResult]
        In the order of the configuration.

    """
    results = []
    for strategy in engine.trader.strategies():
        for instrument_id in _instruments_of(engine, strategy):
            name = str(instrument_id)
            orders = engine.cache.orders(instrument_id=instrument_id, strategy_id=strategy.id)
            market = markets[name]
            judged = _queue_models(orders, tapes[name], market.mids) if name in tapes else {}
            row = _strategy_result(engine, books, strategy, instrument_id, market.mids)
            told = {"config": config_name, "queue_models": judged, "regimes": market.regimes}
            results.append(replace(row, **told))
    return results


def _instruments_of(engine: BacktestEngine, strategy: Strategy) -> list[InstrumentId]:
    """Return what a strategy is configured for, and whatever else it traded."""
    configured = getattr(strategy.config, "instrument_id", None)
    traded = {order.instrument_id for order in engine.cache.orders(strategy_id=strategy.id)}
    first = [InstrumentId.from_str(str(configured))] if configured else []
    return first + sorted(traded - set(first), key=str)


def _strategy_result(
    engine: BacktestEngine,
    books: Books,
    strategy: Strategy,
    instrument_id: InstrumentId,
    mids: MidSeries,
) -> StrategyResult:
    orders = engine.cache.orders(instrument_id=instrument_id, strategy_id=strategy.id)
    fills = sorted(
        (event for order in orders for event in order.events if isinstance(event, OrderFilled)),
        key=lambda event: (event.ts_event, event.trade_id.value),
    )
    account = (strategy.id, instrument_id)
    positions = _positions(engine, strategy, instrument_id)
    mark = float(mids.mid[-1])
    held_fees = sum(money.as_double() for one in positions for money in one.commissions())
    fees = books.fees[account] + held_fees
    realized = books.realized[account] + sum(_profit(one, mark) for one in positions)
    return StrategyResult(
        name=type(strategy).__name__,
        instrument_id=str(instrument_id),
        config="",
        fills=_fills(fills),
        size_impact=sum(_size_impact(order) for order in orders),
        mids=mids,
        orders=len(orders),
        engine_gross=realized + fees,
        engine_fees=fees,
        funding=_payments(books.funding[account]),
        final_mark=mark,
        signals=getattr(strategy, "signals_received", 0),
        refusals=_refusals(strategy, orders),
        exits=dict(getattr(strategy, "exit_reasons", {})),
    )


def _positions(
    engine: BacktestEngine, strategy: Strategy, instrument_id: InstrumentId
) -> list[Position]:
    """Return the position still held, if any, and the snapshots of its earlier cycles."""
    current: list[Position] = engine.cache.positions(
        instrument_id=instrument_id, strategy_id=strategy.id
    )
    snapshots = [
        snapshot
        for position in current
        for snapshot in engine.cache.position_snapshots(position.id)
    ]
    return snapshots + current


def _profit(position: Position, mark: float) -> float:
    """Return realised P&L after commissions plus what the open rest is worth at the mark."""
    realized = float(position.realized_pnl) if position.realized_pnl else 0.0
    if position.is_closed:
        return realized
    return realized + float(position.signed_qty * (mark - position.avg_px_open))


def _queue_models(orders: list[Order], tape: Tape, mids: MidSeries) -> dict[str, QueueVerdict]:
    resting = resting_orders(orders, int(tape.ts_init_ns[-1]))
    return judge_queues(resting, tape, mids, tuple(MARKOUT_HORIZONS_MS.values()))


def _payments(paid: list[FundingPaid]) -> Payments:
    return Payments(
        ts_ns=np.array([payment.ts_ns for payment in paid], dtype=np.int64),
        amount=np.array([payment.amount for payment in paid], dtype=np.float64),
    )


def _fills(events: list[OrderFilled]) -> Fills:
    return Fills(
        ts_event_ns=np.array([event.ts_event for event in events], dtype=np.int64),
        side=np.array(
            [1 if event.order_side == OrderSide.BUY else -1 for event in events], dtype=np.int8
        ),
        price=np.array([event.last_px.as_double() for event in events], dtype=np.float64),
        qty=np.array([event.last_qty.as_double() for event in events], dtype=np.float64),
        fee=np.array([event.commission.as_double() for event in events], dtype=np.float64),
        is_maker=np.array(
            [event.liquidity_side == LiquiditySide.MAKER for event in events], dtype=np.bool_
        ),
    )


def _size_impact(order: Order) -> float:
    """Return what an order paid beyond the price of its first fill; a resting one pays nothing."""
    taken = [
        (event.last_qty.as_double(), event.last_px.as_double())
        for event in order.events
        if isinstance(event, OrderFilled) and event.liquidity_side == LiquiditySide.TAKER
    ]
    side = 1 if order.side == OrderSide.BUY else -1
    return float(sum(side * qty * (price - taken[0][1]) for qty, price in taken))


def _refusals(strategy: Strategy, orders: list[Order]) -> dict[str, int]:
    """Return the strategy's own refusals, and what the engine or the venue turned down."""
    counts = Counter(getattr(strategy, "refusals", {}))
    for order in orders:
        if isinstance(order.last_event, OrderDenied):
            counts[f"denied: {order.last_event.reason}"] += 1
        elif isinstance(order.last_event, OrderRejected):
            counts["rejected: post-only" if order.last_event.due_post_only else "rejected"] += 1
    return dict(sorted(counts.items()))
