"""What a strategy has learnt of the market is there again after a quick restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from tests.live.exchange import Exchange
    from tests.live.trader import Trader

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("store", ["file", "redis"])
def test_volatility_is_known_at_once_after_a_restart(
    exchange: Exchange, trader: Trader, request: pytest.FixtureRequest, store: str
) -> None:
    redis = [f"redis.port={request.getfixturevalue('redis_port')}"] if store == "redis" else []
    trader.strategy = "nautilus_scalp.strategies.market_making:MarketMaking"
    trader.start(*redis)
    exchange.wait(lambda state: state["orders"] > 2, "quotes, once volatility is known")
    trader.wait_for("volatility_unknown")
    assert trader.end() == 0, trader.output
    assert (trader.directory / "state" / "state.json").exists() == (store == "file")
    sent = exchange.state()["orders"]

    trader.start(*redis)
    trader.wait_for("restored the state of MarketMaking-001")
    exchange.wait(lambda state: state["orders"] > sent + 2, "quotes")
    trader.wait_for("since start")
    assert trader.end() == 0, trader.output
    assert "volatility_unknown" not in trader.output
