"""A strategy that is called without detours, for a quote only if it may have something to do."""

from collections.abc import Callable

from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.trading.strategy import Strategy


class AttentiveStrategy(Strategy):
    """
    Keeps the quotes that show nothing new from `on_quote_tick`.

    Most quotes change a size and no price. Nautilus's own way to the handlers looks up which of its
    indicators follow the instrument, which takes as long as telling such a quote: a strategy of
    this kind has none.

    Attributes
    ----------
    unchanged : Callable[[QuoteTick], bool]
        Whether a quote shows nothing new.

    """

    unchanged: Callable[[QuoteTick], bool]

    def handle_quote_tick(self, tick: QuoteTick, historical: bool = False) -> None:  # noqa: FBT001, FBT002 (Nautilus)
        """
        Pass a quote on unless it shows nothing new.

        Parameters
        ----------
        tick : QuoteTick
            The market.
        historical : bool
            Whether it was asked for rather than subscribed to.

        """
        if historical or not self.unchanged(tick):
            super().handle_quote_tick(tick, historical)

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
