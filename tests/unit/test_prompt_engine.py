"""The catalogue that follows the signal says what one says that came before it, bit for bit."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.actors.prompt_engine import build_prompt_engines
from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.engine import ALL
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.features.tape import InstrumentFacts


PARAMS = FeatureParams(reset_gap_ms=2_000)
MARKETS = [
    InstrumentFacts(instrument_id=name, price_precision=1, size_precision=3, tick_size=0.1)
    for name in ("BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE")
]
type Event = tuple[int, str, tuple[object, ...]]


def events(count: int) -> Iterator[Event]:
    """Yield (instrument, handler, arguments) of a made-up market, with a gap and a crossed book."""
    rng = np.random.default_rng(7)
    kinds = ("on_quote",) * 6 + ("on_trade",) * 3 + ("on_depth", "on_mark", "on_funding")
    now_ns, mids = 1_700_000_000_000_000_000, [50_000.0, 3_000.0]
    for step in range(count):
        now_ns += int(rng.integers(1, 40)) * 1_000_000 + (step == count // 2) * 5_000_000_000
        which = int(rng.integers(2))
        mids[which] += 0.1 * int(rng.integers(-3, 4))
        mid, size = mids[which], (rng.integers(1, 900, 2) / 1_000).tolist()
        arguments = {
            "on_quote": (mid - 0.1, mid + (0.1 if step % 50 else -0.2), *size),
            "on_trade": (mid, size[0], float(rng.choice((-1.0, 1.0)))),
            "on_depth": (book(mid, rng),),
            "on_mark": (mid + 0.05,),
            "on_funding": (1e-4 * size[0],),
        }
        kind = kinds[int(rng.integers(len(kinds)))]
        yield which, kind, (now_ns, *arguments[kind])


def book(mid: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return ten levels a side."""
    away, sizes = 0.1 * np.arange(1, 11), rng.integers(1, 900, (10, 2)) / 1_000
    return np.column_stack((mid - away, mid + away, sizes))


@pytest.mark.parametrize("every", [1, 7, 10_000])
def test_it_is_the_catalogue_of_an_engine_that_does_everything_at_once(every: int) -> None:
    """Whenever it is told to catch up: after each event, now and then, or only when asked."""
    late = build_prompt_engines(MARKETS, PARAMS, SELECTED)
    whole = build_engines(MARKETS, PARAMS, SELECTED, ALL)
    assert late[0].names == whole[0].names
    for step, (which, kind, arguments) in enumerate(events(600)):
        ready = [getattr(engine[which], kind)(*arguments) for engine in (late, whole)]
        assert ready[0] == ready[1]
        assert late[which].value.tobytes() == whole[which].value.tobytes()
        if step % every == 0:
            late[which].catch_up()
        if step % 60 == 0:
            _compare(late, whole)
        if step == 150:
            for engine in (*late, *whole):
                engine.reset()
    _compare(late, whole)
    assert late[0].warm().tolist() == whole[0].warm().tolist()
    assert late[0].refusals == whole[0].refusals
    assert late[0].refusals["crossed"] > 0


def _compare(late: tuple[FeatureEngine, ...], whole: tuple[FeatureEngine, ...]) -> None:
    for one, other in zip(late, whole, strict=True):
        assert one.all_values().tobytes() == other.all_values().tobytes()
        assert one.segment == other.segment
