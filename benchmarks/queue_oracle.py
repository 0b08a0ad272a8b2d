"""
Let hftbacktest itself judge resting orders, and write down what it says.

It needs an older numpy than this project, so it is no dependency and runs on its own::

    python3 -m venv /tmp/hft && /tmp/hft/bin/pip install hftbacktest==2.4.4
    /tmp/hft/bin/python benchmarks/queue_oracle.py

Every market is a random one: a best bid whose size is traded away, cancelled and added to, quotes
that leave the level and come back, trades through it, asks that cross it. One order of one lot
joins the bid behind the first quote. `fills` holds the event that filled it, -1 for none.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from hftbacktest import BUY_EVENT
from hftbacktest import DEPTH_EVENT
from hftbacktest import EXCH_EVENT
from hftbacktest import FILLED
from hftbacktest import GTX
from hftbacktest import LIMIT
from hftbacktest import LOCAL_EVENT
from hftbacktest import SELL_EVENT
from hftbacktest import TRADE_EVENT
from hftbacktest import BacktestAsset
from hftbacktest import HashMapMarketDepthBacktest
from hftbacktest import event_dtype


GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "queue_oracle.json"
TICK, LOT = 0.1, 0.001
BID, ASK = 1_000, 1_001  # ticks
STEP_NS = 1_000_000
MARKETS, EVENTS = 150, 60
MODELS = {
    "risk averse": lambda asset: asset.risk_adverse_queue_model(),
    "log probability": lambda asset: asset.log_prob_queue_model(),
    "power 2 probability": lambda asset: asset.power_prob_queue_model(2.0),
    "power 3 probability": lambda asset: asset.power_prob_queue_model(3.0),
}


def market(seed: int) -> list[list[int]]:
    """Return events in ticks and lots: ``[0, bid, ask, bid size]`` or ``[1, price, size]``."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(5, 40))
    events = [[0, BID, ASK, size]]
    while len(events) < EVENTS:
        draw = rng.random()
        if draw < 0.45:  # the bid is hit, and the next quote shows it
            hit = int(rng.integers(1, 6))
            events.append([1, BID, hit])
            size = max(1, size - hit)
            events.append([0, BID, ASK, size])
        elif draw < 0.96:  # cancelled or added to
            size = max(1, size + int(rng.integers(-6, 6)))
            events.append([0, BID, ASK, size])
        elif draw < 0.98:  # traded through
            events.append([1, BID - 1, 1])
        else:  # the ask comes down to it
            events.append([0, BID - 1, BID, size])
            break
    return events


def rows(events: list[list[int]]) -> np.ndarray:
    """Return the events as hftbacktest wants them: levels that are left are set to zero."""
    both = EXCH_EVENT | LOCAL_EVENT
    found, bid, ask = [], 0, 0
    for number, event in enumerate(events):
        now = (number + 1) * STEP_NS
        if event[0] == 1:
            found.append((TRADE_EVENT | SELL_EVENT | both, now, event[1] * TICK, event[2] * LOT))
            continue
        for side, old, new, size in (
            (BUY_EVENT, bid, event[1], event[3]),
            (SELL_EVENT, ask, event[2], 10_000),
        ):
            if old and old != new:
                found.append((DEPTH_EVENT | side | both, now, old * TICK, 0.0))
            found.append((DEPTH_EVENT | side | both, now, new * TICK, size * LOT))
        bid, ask = event[1], event[2]
    data = np.zeros(len(found), event_dtype)
    for row, (flags, now, price, size) in zip(data, found, strict=True):
        row["ev"], row["exch_ts"], row["local_ts"] = flags, now, now
        row["px"], row["qty"] = price, size
    return data


def fill(data: np.ndarray, model: str) -> int:
    """Return the event that fills the order."""
    asset = BacktestAsset().data(data).linear_asset(1.0).constant_order_latency(0, 0)
    asset = MODELS[model](asset).no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
    backtest = HashMapMarketDepthBacktest([asset.tick_size(TICK).lot_size(LOT)])
    backtest.elapse(1)  # to the first event
    backtest.submit_buy_order(0, 1, BID * TICK, LOT, GTX, LIMIT, False)
    backtest.elapse((EVENTS + 2) * STEP_NS)
    order = backtest.orders(0).get(1)
    at = order.exch_timestamp // STEP_NS - 1 if order.status == FILLED else -1
    backtest.close()
    return int(at)


def main() -> None:
    """Write the golden file."""
    markets = []
    for seed in range(MARKETS):
        events = market(seed)
        data = rows(events)
        markets.append({"events": events, "fills": {name: fill(data, name) for name in MODELS}})
    made_by = f"hftbacktest {version('hftbacktest')}"
    text = json.dumps({"made_by": made_by, "markets": markets}, separators=(",", ":"))
    GOLDEN.write_text(text + "\n")


if __name__ == "__main__":
    main()
