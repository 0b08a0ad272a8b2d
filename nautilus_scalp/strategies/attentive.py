"""A strategy that is called for a quote only if it may have something to do."""

from collections.abc import Callable

from nautilus_trader.model.data import QuoteTick
from nautilus_trader.trading.strategy import Strategy


class AttentiveStrategy(Strategy):
    """
    Keeps the quotes that show nothing new from `on_quote_tick`.

    Most quotes change a size and no price. Nautilus's own way to `on_quote_tick` looks up the
    instrument's indicators, which takes as long as telling such a quote.

    Attributes
    ----------
    unchanged : Callable[[QuoteTick], bool]
        Whether a quote shows nothing new.

    """

    unchanged: Callable[[QuoteTick], bool]

    def handle_quote_tick(self, tick: QuoteTick, historical: bool = False) -> None:  # noqa: FBT001, FBT002 (Nautilus)
        """
        Pass a quote on, the way Nautilus does, unless it shows nothing new.

        Parameters
        ----------
        tick : QuoteTick
            The market.
        historical : bool
            Whether it was asked for rather than subscribed to.

        """
        if historical or not self.unchanged(tick):
            super().handle_quote_tick(tick, historical)
