"""Trading fees of a tier instead of the instrument's own."""

from decimal import Decimal

from nautilus_trader.backtest.models import FeeModel
from nautilus_trader.config import NautilusConfig
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order


_BPS = Decimal(10_000)


class TierFeesConfig(NautilusConfig, frozen=True):
    """What is charged.

    Parameters
    ----------
    maker_bps, taker_bps : float, optional
        Fees of the tier in basis points, negative for a rebate; the instrument's own without them.
    multiplier : float
        Factor on fees that are paid; rebates stay as they are.

    """

    maker_bps: float | None = None
    taker_bps: float | None = None
    multiplier: float = 1.0


class TierFees(FeeModel):
    """Charge a tier's maker and taker fees on the value of each fill of a linear instrument.

    Parameters
    ----------
    config : TierFeesConfig
        What is charged.

    """

    def __init__(self, config: TierFeesConfig) -> None:
        super().__init__()
        self._maker = _fraction(config.maker_bps)
        self._taker = _fraction(config.taker_bps)
        self._multiplier = Decimal(str(config.multiplier))

    def get_commission(
        self, order: Order, fill_qty: Quantity, fill_px: Price, instrument: Instrument
    ) -> Money:
        """Return the fee of one fill, rounded to the precision of the quote currency.

        Parameters
        ----------
        order : Order
            Its liquidity side says which fee.
        fill_qty : Quantity
            What was filled.
        fill_px : Price
            At what price.
        instrument : Instrument
            What was traded.

        Returns
        -------
        Money
            Positive is paid, negative is received.

        """
        is_maker = order.liquidity_side == LiquiditySide.MAKER
        own = instrument.maker_fee if is_maker else instrument.taker_fee
        rate = self.rate(own, is_maker=is_maker)
        notional = instrument.notional_value(fill_qty, fill_px)
        return Money(notional.as_decimal() * rate, instrument.quote_currency)

    def rate(self, own: Decimal, *, is_maker: bool) -> Decimal:
        """Return what is charged on a value of one.

        Parameters
        ----------
        own : Decimal
            The instrument's own fee for that side.
        is_maker : bool
            Which side.

        Returns
        -------
        Decimal
            A fraction.

        """
        tier = self._maker if is_maker else self._taker
        rate = own if tier is None else tier
        return rate * self._multiplier if rate > 0 else rate


def _fraction(bps: float | None) -> Decimal | None:
    return None if bps is None else Decimal(str(bps)) / _BPS
