"""A strategy to which trades come without detours."""

from nautilus_trader.common.data_topics import TopicCache
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy


class AttentiveStrategy(Strategy):
    """
    Takes trades from the bus itself; its quotes come by a `QuoteListener`.

    Nautilus's own way to ``on_trade_tick`` looks up which of its indicators follow the instrument,
    which takes as long as many a handler: a strategy of this kind has none. Nor is it asked with
    every trade whether the strategy runs: it hears them from its start to its stop, and has to ask
    before it acts on one.
    """

    def hear_trades(self, instrument_id: InstrumentId) -> None:
        """
        Call ``on_trade_tick`` from now on.

        Parameters
        ----------
        instrument_id : InstrumentId
            For whose trades.

        """
        topic = TopicCache().get_trades_topic(instrument_id)
        self.msgbus.subscribe(topic, self.on_trade_tick)
        self.subscribe_trade_ticks(instrument_id)
        self.msgbus.unsubscribe(topic, self.handle_trade_tick)  # the other has its place

    def ignore_trades(self, instrument_id: InstrumentId) -> None:
        """Call it no longer."""
        topic = TopicCache().get_trades_topic(instrument_id)
        self.msgbus.subscribe(topic, self.handle_trade_tick)
        self.msgbus.unsubscribe(topic, self.on_trade_tick)
        self.unsubscribe_trade_ticks(instrument_id)
