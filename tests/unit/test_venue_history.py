"""Past trades of a venue: what they warm up, and how they are joined with the live ones."""

from pathlib import Path

import numpy as np
import pytest
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_scalp.actors.venue_history import join
from nautilus_scalp.actors.warm_up import play_history
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.catalogue import from_trades_alone
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.runtime.live.config import WarmUpSection
from nautilus_scalp.settings import convert


BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
FACTS = InstrumentFacts(instrument_id=str(BTC), price_precision=1, size_precision=3, tick_size=0.1)
PARAMS = FeatureParams(scale_half_life_ms=1_000.0)
TRADED = (
    "volume.sum.1s",
    "volume.rate_ratio.500ms.5s",
    "signed_volume.balance.5s",
    "trade_size.mean.2s",
    "trade_interval.score.2s",
    "buy_volume.per.1s",
    "aggressor_run.now",
)
QUOTED = ("imbalance.now", "mid.deviation.500ms", "trade_edge.mean.500ms")
MS = 1_000_000
START = 1_700_000_000_000 * MS


def market(seconds: int) -> list[tuple[int, int, tuple[float, ...]]]:
    """Return quotes 20 ms apart, and a trade after every third."""
    rng = np.random.default_rng(4)
    events, mid = [], 50_000.0
    for step in range(seconds * 50):
        mid += 0.1 * int(rng.integers(-2, 3))
        ts = START + step * 20 * MS
        sizes = rng.integers(1, 900, 2) / 1_000
        events.append((QUOTE, ts, (mid - 0.1, mid + 0.1, *sizes)))
        if step % 3 == 0:
            side = 1.0 if rng.random() < 0.5 else -1.0
            size = float(rng.integers(1, 500)) / 1_000
            events.append((TRADE, ts + 5 * MS, (mid + 0.1 * side, size, side)))
    return events


def tell(engine: FeatureEngine, event: tuple[int, int, tuple[float, ...]]) -> bool:
    kind, ts, values = event
    if kind == QUOTE:
        return engine.on_quote(ts, *values)
    engine.on_trade(ts, *values)
    return False


def test_trades_of_the_past_warm_up_what_is_made_of_trades() -> None:
    events = market(20)
    starts = START + 10_000 * MS
    always, later = (FeatureEngine(FACTS, PARAMS, TRADED + QUOTED) for _ in range(2))
    for event in events:
        if event[1] < starts:
            tell(always, event)
            if event[0] == TRADE:
                tell(later, event)
    later.begin_quotes()
    waited_ms = 0.0
    compared = 0
    for event in events:
        if event[1] < starts:
            continue
        tell(always, event)
        ready = tell(later, event)
        if event[0] == QUOTE:
            known = slice(len(TRADED))
            assert later.value[known] == pytest.approx(always.value[known], abs=1e-9)
            compared += 1
        if not ready and event[0] == QUOTE and compared > 1:  # every feature wants two quotes
            waited_ms = (event[1] - starts) / MS
            cold = {name for name, warm in zip(later.names, later.warm(), strict=True) if not warm}
            assert cold <= set(QUOTED)
    assert compared == 500
    # Not five seconds, which `signed_volume.balance.5s` alone would need without the past.
    assert 900 < waited_ms < 1_100


def test_what_trades_ate_is_counted_from_where_queues_are_seen() -> None:
    engine = FeatureEngine(FACTS, PARAMS, ("thin_eaten.now",))
    engine.on_trade(START, 50_000.0, 1.0, 1.0)
    engine.begin_quotes()
    engine.on_quote(START + MS, 50_000.0, 50_000.1, 2.0, 1.0)
    assert engine.value.tolist() == [0.0]
    engine.on_trade(START + MS, 50_000.1, 1.0, 1.0)
    engine.on_quote(START + MS, 50_000.0, 50_000.1, 2.0, 1.0)
    assert engine.value[0] == pytest.approx(np.log(2.0))


def test_without_enough_past_trades_are_waited_for() -> None:
    events = market(8)
    engine = FeatureEngine(FACTS, PARAMS, TRADED)
    for event in events:
        if event[0] == TRADE and event[1] < START + 2_000 * MS:
            tell(engine, event)
    engine.begin_quotes()
    first = next(
        event[1] for event in events if event[1] >= START + 2_000 * MS and tell(engine, event)
    )
    assert first - START == pytest.approx(5_000 * MS, abs=100 * MS)


def test_no_past_changes_nothing() -> None:
    engine, fresh = FeatureEngine(FACTS, PARAMS, QUOTED), FeatureEngine(FACTS, PARAMS, QUOTED)
    engine.begin_quotes()
    for event in market(3):
        assert tell(engine, event) == tell(fresh, event)
    assert engine.value.tolist() == fresh.value.tolist()


def test_what_trades_determine_is_named() -> None:
    assert from_trades_alone(TRADED + QUOTED) == set(TRADED)
    assert from_trades_alone(["trade_move.mean.2s", "trade_gap.now", "rsi(14).1m"]) == set()
    assert from_trades_alone(SELECTED) == {
        "volume.rate_ratio.1s.10s",
        "signed_volume.sum.100ms",
        "volume.rate_ratio.50ms.2s",
        "signed_volume.balance.5s",
    }


def trade(number: int, ms: int) -> TradeTick:
    return TradeTick(
        BTC,
        Price(100.0, 1),
        Quantity(number, 3),
        AggressorSide.BUYER,
        TradeId(str(number)),
        START + ms * MS,
        START + ms * MS,
    )


def quote(ms: int) -> QuoteTick:
    ts = START + ms * MS
    return QuoteTick(BTC, Price(99.9, 1), Price(100.1, 1), Quantity(1, 3), Quantity(2, 3), ts, ts)


def shape(rows: object) -> list[tuple[int, int, float]]:
    columns = (rows.kind, rows.ts_event_ns, rows.values[:, 1])
    return [
        (int(kind), (int(ts) - START) // MS, float(size))
        for kind, ts, size in zip(*columns, strict=True)
    ]


def test_past_and_live_are_joined_without_a_gap() -> None:
    past = [trade(4, 40), trade(1, 10), trade(2, 20), trade(3, 30)]
    live = [quote(15), quote(25), trade(3, 30), trade(4, 40), quote(45), trade(5, 50)]
    joined = join([FACTS], past, live)
    quoted = 100.1
    assert shape(joined.tape) == [
        (TRADE, 10, 1.0),
        (QUOTE, 15, quoted),
        (TRADE, 20, 2.0),
        (QUOTE, 25, quoted),
        (TRADE, 30, 3.0),
        (TRADE, 40, 4.0),
        (QUOTE, 45, quoted),
        (TRADE, 50, 5.0),
    ]
    assert (joined.asked, joined.gaps) == (2, [])
    assert np.all(np.diff(joined.tape.ts_init_ns) > 0)


def test_a_venue_that_lists_the_newest_first() -> None:
    past = [trade(4, 20), trade(3, 20), trade(2, 20), trade(1, 10)]
    rows = shape(join([FACTS], past, []).tape)
    assert [size for _, _, size in rows] == [1.0, 2.0, 3.0, 4.0]


def test_a_hole_between_past_and_live_is_told() -> None:
    joined = join([FACTS], [trade(1, 10), trade(2, 20)], [quote(15), trade(5, 50)])
    assert joined.gaps == [str(BTC)]
    assert [row[2] for row in shape(joined.tape) if row[0] == TRADE] == [1.0, 2.0, 5.0]


def test_a_market_without_trades_is_no_hole() -> None:
    joined = join([FACTS], [trade(1, 10)], [quote(15)])
    assert (joined.asked, joined.gaps) == (1, [])


def test_quotes_that_come_after_the_history_do_not_find_themselves_warm() -> None:
    engine = FeatureEngine(FACTS, PARAMS, QUOTED)
    tape = join([FACTS], [trade(n, 100 * n) for n in range(1, 100)], []).tape
    assert play_history(tape, [engine], [], trades_first=True) == 0
    ready = [tell(engine, event) for event in later_quotes()]
    assert ready.index(True) == 45  # a second after the last trade, with quotes every 20 ms


def later_quotes() -> list[tuple[int, int, tuple[float, ...]]]:
    return [(kind, ts + 10_000 * MS, values) for kind, ts, values in market(4) if kind == QUOTE]


def test_two_sources_at_once_are_refused() -> None:
    assert convert({"source": "venue"}, WarmUpSection, Path("live.toml")).minutes == 10.0
    with pytest.raises(UsageError, match=r"warm_up\.catalog is set"):
        WarmUpSection(source="venue", catalog="somewhere")
