"""A strategy to which trades come without detours."""

from nautilus_trader.model.data import TradeTick
from nautilus_trader.trading.strategy import Strategy


class AttentiveStrategy(Strategy):
    """
    Takes trades from the bus itself; its quotes come by a `QuoteListener`.

    Nautilus's own way to the handlers looks up which of its indicators follow the instrument, which
    takes as long as many a handler: a strategy of this kind has none.
    """

    def handle_trade_tick(self, tick: TradeTick, historical: bool = False) -> None:  # noqa: FBT001, FBT002 (Nautilus)
        """
        Pass a trade on.

        Parameters
        ----------
        tick : TradeTick
            A trade.
        historical : bool
            Whether it was asked for rather than subscribed to.

        """
        if historical or not self.is_running:
            super().handle_trade_tick(tick, historical)
        else:
            self.on_trade_tick(tick)
