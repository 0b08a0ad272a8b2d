"""What the practice venue knows about a trader: rules, orders, trades, positions, balance."""

from decimal import Decimal

import msgspec


BUY, SELL = 1, -1
# Most leverage of an account, and the position's value in quote currency up to which it has it.
LEVERAGE_TIERS = ((100, 1_000_000), (50, 5_000_000), (20, 20_000_000), (10, 50_000_000))
ZERO = Decimal(0)


class PracticeKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The credentials that the venue accepts; neither shows in a repr."""

    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        """Return the type's name alone."""
        return "PracticeKeys(...)"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Trading rules of one symbol, as the venue publishes them."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    min_notional: Decimal
    maker_fee: Decimal
    taker_fee: Decimal


class Top(msgspec.Struct, frozen=True, kw_only=True):
    """Best bid and offer of one symbol."""

    bid: Decimal
    ask: Decimal
    bid_qty: Decimal
    ask_qty: Decimal


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a trader asks for.

    Parameters
    ----------
    symbol, client_id : str
        Symbol, and the trader's own order id.
    side : int
        `BUY` or `SELL`.
    qty : Decimal
        In base currency.
    price : Decimal, optional
        None for a market order.
    time_in_force : str
        GTC, IOC, FOK, or GTX (post only).
    reduce_only : bool
        Whether it may only make the position smaller.

    """

    symbol: str
    client_id: str
    side: int
    qty: Decimal
    price: Decimal | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False


class Order(msgspec.Struct, kw_only=True):
    """An order in the venue's books; `ahead` is the displayed size that queues before it."""

    order_id: int
    ticket: Ticket
    qty: Decimal
    price: Decimal | None
    status: str
    created_ms: int
    updated_ms: int
    filled: Decimal = ZERO
    paid: Decimal = ZERO
    fees: Decimal = ZERO
    ahead: Decimal = ZERO

    @property
    def is_open(self) -> bool:
        """Whether it can still be filled."""
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def left(self) -> Decimal:
        """Quantity that is not filled yet."""
        return self.qty - self.filled

    @property
    def average(self) -> Decimal:
        """Average fill price; 0 without fills."""
        return self.paid / self.filled if self.filled else ZERO


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One execution, with the fee and the profit that it realised."""

    trade_id: int
    order_id: int
    symbol: str
    side: int
    price: Decimal
    qty: Decimal
    fee: Decimal
    is_maker: bool
    realized: Decimal
    time_ms: int


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Funding of one position: what the account got (above 0) or paid."""

    symbol: str
    rate: Decimal
    amount: Decimal
    time_ms: int


class Position(msgspec.Struct, kw_only=True):
    """Net position of one symbol: signed quantity, average entry, realised profit before fees."""

    qty: Decimal = ZERO
    entry: Decimal = ZERO
    realized: Decimal = ZERO

    def apply(self, side: int, qty: Decimal, price: Decimal) -> Decimal:
        """Book an execution.

        Parameters
        ----------
        side : int
            `BUY` or `SELL`.
        qty, price : Decimal
            What was executed.

        Returns
        -------
        Decimal
            The profit that it realised, before fees.

        Examples
        --------
        >>> position = Position()
        >>> position.apply(BUY, Decimal(2), Decimal(100))
        Decimal('0')
        >>> position.apply(SELL, Decimal(3), Decimal(110)), position.qty, position.entry
        (Decimal('20'), Decimal('-1'), Decimal('110'))

        """
        signed = side * qty
        if self.qty * signed >= 0:
            self.entry = (abs(self.qty) * self.entry + qty * price) / (abs(self.qty) + qty)
            self.qty += signed
            return ZERO
        closed = min(qty, abs(self.qty))
        profit = closed * (price - self.entry) * (1 if self.qty > 0 else -1)
        was_long = self.qty > 0
        self.qty += signed
        self.realized += profit
        if self.qty == 0:
            self.entry = ZERO
        elif (self.qty > 0) != was_long:
            self.entry = price
        return profit
