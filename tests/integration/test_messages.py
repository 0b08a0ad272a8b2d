"""`AlphaSignal` on the bus and in the catalog: one topic, whole or in chunks, live or replayed."""

from pathlib import Path

import pytest
from nautilus_trader.backtest.config import BacktestDataConfig
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.config import BacktestRunConfig
from nautilus_trader.backtest.config import BacktestVenueConfig
from nautilus_trader.backtest.node import BacktestNode
from nautilus_trader.config import ImportableStrategyConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.messages import SIGNAL_CLIENT
from nautilus_scalp.messages import SIGNAL_TYPE
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import signal_topic
from tests.integration.conftest import Desk
from tests.integration.conftest import perpetual


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
ETH = InstrumentId.from_str("ETHUSDT-PERP.BINANCE")
COUNT = 25


class ListenerConfig(StrategyConfig, frozen=True):
    """Whose signals."""

    instrument_id: InstrumentId


class Listener(Strategy):
    """Keeps every signal that it receives, subscribed the ordinary way."""

    def __init__(self, config: ListenerConfig) -> None:
        super().__init__(config)
        self.signals: list[AlphaSignal] = []

    def on_start(self) -> None:
        """Subscribe."""
        self.subscribe_data(
            SIGNAL_TYPE, client_id=SIGNAL_CLIENT, instrument_id=self.config.instrument_id
        )

    def on_stop(self) -> None:
        """Do nothing."""

    def on_data(self, data: Data) -> None:
        """Keep it."""
        assert isinstance(data, AlphaSignal)
        self.signals.append(data)


class Publisher(Strategy):
    """Publishes a signal on every quote, for two instruments in turn."""

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__(StrategyConfig(strategy_id="Publisher-1"))
        self._instrument_id = instrument_id

    def on_start(self) -> None:
        """Subscribe."""
        self.subscribe_quote_ticks(self._instrument_id)

    def on_stop(self) -> None:
        """Do nothing."""

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Publish."""
        for instrument_id in (BTC, ETH):
            signal = AlphaSignal(tick.ts_event, tick.ts_init, instrument_id, 500)
            self.msgbus.publish(signal_topic(instrument_id), signal)


def signal(number: int, instrument_id: InstrumentId) -> AlphaSignal:
    """Return a signal whose every field depends on its number."""
    step = number / COUNT
    return AlphaSignal(
        1_000 * number,
        1_000 * number + (1 if instrument_id == BTC else 2),
        instrument_id,
        500,
        0.3 * step,
        1.0 - step,
        0.7 * step,
        step / 3.0,
        step / 7.0,
        step / 11.0,
        0.8 * step,
        "NORMAL",
        f"model-{number}",
    )


def test_a_listener_hears_its_own_instrument_only(desk: Desk) -> None:
    desk.at(0).quote(100.0, 100.1).at(10).quote(100.0, 100.1)
    listener = Listener(ListenerConfig(instrument_id=BTC))
    desk.play(listener, Publisher(desk.instrument_id))
    assert [signal.instrument_id for signal in listener.signals] == [BTC, BTC]


@pytest.mark.parametrize("chunk_size", [None, 7])
def test_signals_are_replayed_from_a_catalog(tmp_path: Path, chunk_size: int | None) -> None:
    catalog = ParquetDataCatalog(str(tmp_path))
    catalog.write_data([perpetual("BTCUSDT-PERP"), perpetual("ETHUSDT-PERP")])
    written = {ident: [signal(n, ident) for n in range(1, COUNT + 1)] for ident in (BTC, ETH)}
    for signals in written.values():
        catalog.write_data(signals)
    node = BacktestNode([_run_config(tmp_path, chunk_size)])
    node.build()
    engine = node.get_engines()[0]
    node.run()
    heard = {
        strategy.config.instrument_id: strategy.signals for strategy in engine.trader.strategies()
    }
    assert {str(ident): [s.to_dict() for s in signals] for ident, signals in heard.items()} == {
        str(ident): [s.to_dict() for s in signals] for ident, signals in written.items()
    }
    engine.dispose()


def _run_config(path: Path, chunk_size: int | None) -> BacktestRunConfig:
    return BacktestRunConfig(
        engine=BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            run_analysis=False,
            strategies=[
                ImportableStrategyConfig(
                    strategy_path=f"{__name__}:Listener",
                    config_path=f"{__name__}:ListenerConfig",
                    config={"instrument_id": str(ident), "order_id_tag": str(ident)[:3]},
                )
                for ident in (BTC, ETH)
            ],
        ),
        venues=[
            BacktestVenueConfig(
                name="BINANCE",
                oms_type="NETTING",
                account_type="MARGIN",
                starting_balances=["1000 USDT"],
                book_type="L1_MBP",
            )
        ],
        data=[
            BacktestDataConfig(
                catalog_path=str(path),
                data_cls=f"{AlphaSignal.__module__}:{AlphaSignal.__name__}",
                instrument_ids=[str(BTC), str(ETH)],
                client_id=SIGNAL_CLIENT.value,
            )
        ],
        chunk_size=chunk_size,
        raise_exception=True,
        dispose_on_completion=False,
    )


def test_a_signal_without_arguments_is_neutral() -> None:
    neutral = AlphaSignal()
    assert (neutral.p_flat, neutral.strength, neutral.regime) == (1.0, 0.0, "UNCLASSIFIED")
