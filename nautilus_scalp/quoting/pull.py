"""When quotes are better not there: one-sided flow, a collapsing spread, a move nobody expects."""

import math
from typing import Annotated

from msgspec import Meta
from msgspec import Struct

from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import SELL
from nautilus_scalp.quoting.ladder import Quote
from nautilus_scalp.signals.combination import CombinationParams
from nautilus_scalp.signals.combination import Opinion
from nautilus_scalp.signals.units import Count
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive


_NS_PER_MS = 1_000_000
_LEAST_JUMPS = 20  # fewer say little of how large one is
Part = Annotated[float, Meta(gt=0.0, le=1.0)]


class PullParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When quotes are pulled.

    Parameters
    ----------
    flow_threshold : float, optional
        Signed share of the traded volume, 0 to 1, from which on the side that it runs into is
        pulled; left out, flow does not matter.
    flow_half_life_ms : float
        The weight of a trade halves in this time.
    least_trades : float
        So many trades, by their weights, make a flow.
    collapse_share : float, optional
        Both sides are pulled while the market's spread is narrower than this share of what is
        usual; left out, it does not matter.
    spread_half_life_ms : float
        Memory of what is usual.
    paid_jumps : float, optional
        A side is pulled unless the model expects the mid to move its way by this many of its
        usual jumps. A jump that runs over a quote costs one, whichever side the model was on, and
        only what comes after it can pay for it. While the model has no opinion, what reduces the
        position is all that is quoted. Left out, the opinion shifts quotes and pulls none.
    jump_memory : int
        So many changes of the mid tell how large a jump usually is.

    """

    flow_threshold: Part | None = 0.9
    flow_half_life_ms: Positive = 1_000.0
    least_trades: Positive = 20.0
    collapse_share: Part | None = 0.25
    spread_half_life_ms: Positive = 30_000.0
    paid_jumps: NotNegative | None = None
    jump_memory: Count = 200


class PullGuard:
    """
    Watches trades and spreads on behalf of somebody who quotes.

    Parameters
    ----------
    params : PullParams
        When quotes are pulled.

    References
    ----------
    Easley, D., Lopez de Prado, M. and O'Hara, M. (2012), Flow toxicity and liquidity in a
    high-frequency world, Review of Financial Studies 25(5): the imbalance of traded volume tells of
    informed flow. Here the aggressors are known, and the window forgets by time.

    Attributes
    ----------
    threatened : int
        Side of the quotes that the flow runs into: +1 bids, -1 asks, 0 neither.

    """

    KEPT = (
        "threatened",
        "_signed",
        "_volume",
        "_trades",
        "_traded_ns",
        "_usual",
        "_watched_ms",
        "_spread_ns",
        "_spread",
        "_mid",
        "_jump",
        "_jumps",
    )

    def __init__(self, params: PullParams) -> None:
        self._params = params
        off = params.flow_threshold is None
        self._least_trades = math.inf if off else params.least_trades
        self._threshold = 1.0 if params.flow_threshold is None else params.flow_threshold
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.threatened = 0
        self._signed = 0.0
        self._volume = 0.0
        self._trades = 0.0
        self._traded_ns = 0
        self._usual = math.nan
        self._watched_ms = 0.0
        self._spread_ns = 0
        self._spread = math.nan
        self._bid = self._ask = math.nan
        self._narrow = False
        self._mid = math.nan
        self._jump = 0.0
        self._jumps = 0

    def on_trade(self, ts_ns: int, size: float, side: int) -> bool:
        """
        Take in a trade.

        Parameters
        ----------
        ts_ns : int
            Exchange time.
        size : float
            Positive and finite, or the trade is ignored.
        side : int
            Aggressor: +1 buyer, -1 seller, 0 unknown.

        Returns
        -------
        bool
            Whether it made the flow run into quotes that it did not run into before.

        """
        if not 0.0 < size < math.inf:
            return False
        if ts_ns > self._traded_ns:
            self._fade(ts_ns)
        self._signed = signed = self._signed + side * size
        self._volume = volume = self._volume + size
        self._trades = trades = self._trades + 1.0
        before = self.threatened
        if not before and (trades < self._least_trades or abs(signed) < self._threshold * volume):
            return False  # as nearly always: the flow is thin, or runs both ways
        self._judge()
        return self.threatened not in {0, before}

    def on_market(self, ts_ns: int, bid: float, ask: float) -> None:
        """
        Take in the best prices of a sound market.

        Parameters
        ----------
        ts_ns : int
            Exchange time.
        bid, ask : float
            Best prices.

        """
        if self.threatened:  # only a trade makes the flow a threat, but time may end it
            if ts_ns > self._traded_ns:
                self._fade(ts_ns)
            self._judge()
        # While a spread stands, what is usual moves towards it: it stays as wide as it is.
        if bid == self._bid and ask == self._ask and not self._narrow:
            return
        self._bid, self._ask = bid, ask
        spread, usual = ask - bid, self._usual
        if math.isnan(usual):
            self._usual = spread
        else:  # the spread that stood until now
            elapsed_ms = max(ts_ns - self._spread_ns, 0) / _NS_PER_MS
            kept = 0.5 ** (elapsed_ms / self._params.spread_half_life_ms)
            self._usual = kept * usual + (1.0 - kept) * self._spread
            self._watched_ms += elapsed_ms
        self._spread_ns = ts_ns
        self._spread = spread
        share = self._params.collapse_share
        self._narrow = share is not None and spread < share * self._usual
        mid = 0.5 * (bid + ask)
        if mid != self._mid:
            self._measure_jump(mid)

    @property
    def collapsed(self) -> bool:
        """Whether the spread is far narrower than usual, once it is known what is."""
        return self._narrow and self._watched_ms >= self._params.spread_half_life_ms

    def allowed(
        self, quotes: list[Quote], move: float = math.nan, position_qty: float = 0.0
    ) -> tuple[list[Quote], str | None]:
        """
        Return the quotes that may be there, and why the others may not.

        Parameters
        ----------
        quotes : list[Quote]
            What somebody would like to quote.
        move : float
            What the model expects of the mid, in quote currency; NaN for no opinion.
        position_qty : float
            Signed position.

        Returns
        -------
        tuple[list[Quote], str or None]
            What is left, and the reason as the report counts it.

        """
        if self.collapsed:
            return [], "spread_collapse"
        reason = None
        if self._params.paid_jumps is not None:
            paid = [quote for quote in quotes if self._is_paid(quote.side, move, position_qty)]
            if len(paid) < len(quotes):
                quotes, reason = paid, "jump_not_paid"
        if not self.threatened:
            return quotes, reason
        return [quote for quote in quotes if quote.side != self.threatened], "toxic_flow"

    def _is_paid(self, side: int, move: float, position_qty: float) -> bool:
        """Whether what the model expects makes up for a jump through a quote of this side."""
        if math.isnan(move):
            return side * position_qty < 0.0
        known = self._jumps >= _LEAST_JUMPS
        return known and side * move >= (self._params.paid_jumps or 0.0) * self._jump

    def _measure_jump(self, mid: float) -> None:
        if not math.isnan(self._mid):
            self._jumps = min(self._jumps + 1, self._params.jump_memory)
            self._jump += (abs(mid - self._mid) - self._jump) / self._jumps
        self._mid = mid

    def _fade(self, ts_ns: int) -> None:
        """Let the flow fade until a later moment."""
        elapsed_ms = (ts_ns - self._traded_ns) / _NS_PER_MS
        kept = math.pow(0.5, elapsed_ms / self._params.flow_half_life_ms)
        self._signed *= kept
        self._volume *= kept
        self._trades *= kept
        self._traded_ns = ts_ns

    def _judge(self) -> None:
        one_sided = abs(self._signed) >= self._threshold * self._volume
        if one_sided and self._trades >= self._least_trades:
            self.threatened = SELL if self._signed > 0.0 else BUY
        else:
            self.threatened = 0


def sure_of(quotes: list[Quote], opinion: Opinion, params: CombinationParams) -> list[Quote]:
    """
    Leave out the quotes that a sure model would see run over.

    Parameters
    ----------
    quotes : list[Quote]
        What somebody would like to quote.
    opinion : Opinion
        Of the model.
    params : CombinationParams
        From which confidence on a model is sure.

    Returns
    -------
    list[Quote]
        What is left.

    """
    if opinion.confidence <= params.override_confidence:
        return quotes
    side = opinion.side(params)
    return [quote for quote in quotes if quote.side != -side]
