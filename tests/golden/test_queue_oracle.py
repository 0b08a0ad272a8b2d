"""Our judges of the queue against hftbacktest itself; see benchmarks/queue_oracle.py."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nautilus_scalp.evaluation.queues import QUEUE_MODELS
from nautilus_scalp.evaluation.queues import RestingOrders
from nautilus_scalp.evaluation.queues import queue_fills
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


ORACLE = json.loads(Path(__file__).with_name("queue_oracle.json").read_text())
FACTS = InstrumentFacts(instrument_id="X.Y", price_precision=1, size_precision=3, tick_size=0.1)


def tape(events: list[list[int]]) -> Tape:
    rows = [
        [event[1] / 10, event[2] / 10, event[3] / 1_000, 10.0]
        if event[0] == 0
        else [event[1] / 10, event[2] / 1_000, -1.0, 0.0]
        for event in events
    ]
    times = np.arange(len(events), dtype=np.int64)
    return Tape(
        instruments=(FACTS,),
        kind=np.array([TRADE if event[0] else QUOTE for event in events], np.uint8),
        instrument=np.zeros(len(events), np.int16),
        ts_event_ns=times,
        ts_init_ns=times,
        values=np.array(rows),
    )


@pytest.mark.parametrize("model", QUEUE_MODELS)
def test_every_market_is_judged_as_hftbacktest_judges_it(model: str) -> None:
    differ = []
    for number, market in enumerate(ORACLE["markets"]):
        resting = RestingOrders(
            order=np.zeros(1, np.int64),
            start_ns=np.zeros(1, np.int64),
            end_ns=np.array([len(market["events"])]),
            side=np.ones(1, np.int8),
            price=np.array([100.0]),
            qty=np.array([0.001]),
        )
        found = queue_fills(resting, tape(market["events"]), QUEUE_MODELS[model]).ts_event_ns
        ours = int(found[0]) if len(found) else -1
        if ours != market["fills"][model]:
            differ.append((number, ours, market["fills"][model]))
    assert differ == []


def test_the_markets_tell_the_models_apart() -> None:
    verdicts = Counter(tuple(market["fills"].values()) for market in ORACLE["markets"])
    assert sum(n for fills, n in verdicts.items() if len(set(fills)) > 1) > 30
    assert len({fills[0] for fills in verdicts}) > 20
