"""A copy of what an ensemble actor keeps, to rehearse on between two quotes."""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from nautilus_trader.common.component import Clock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_scalp.actors.channel import Channel
from nautilus_scalp.features import layout as at
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.models.ensemble import Ensemble


_STEP_NS = 1_000_000
_REHEARSED = ClientOrderId("REHEARSED")  # Nautilus keeps every other name that it has ever made


class Understudy:
    """
    Stands in for the channels of an actor, one after the other.

    Parameters
    ----------
    originals : Sequence[Channel]
        What is only ever read.
    ensemble : Ensemble
        Their model.
    engine : FeatureEngine
        One like theirs, with a board of the same size.
    orders : OrderFactory
        Of nobody: its orders go nowhere.

    """

    def __init__(
        self,
        originals: Sequence[Channel],
        ensemble: Ensemble,
        engine: FeatureEngine,
        orders: OrderFactory,
    ) -> None:
        self._orders = orders
        copies = [Channel(one.instrument_id, engine, ensemble) for one in originals]
        self._pairs = cycle(zip(originals, copies, strict=True))

    def rehearse(self, clock: Clock) -> AlphaSignal | None:
        """
        Let the next channel's copy take a quote, and make an order of it for nobody.

        The quote is the last one, as if it came again a little later.

        Parameters
        ----------
        clock : Clock
            Stamps the signal.

        Returns
        -------
        AlphaSignal or None
            For nobody to trade on; None before the channel itself has predicted.

        """
        original, copy = next(self._pairs)
        if not original.initialized:
            return None
        for own, its in zip(copy.engine.state, original.engine.state, strict=True):
            np.copyto(own, its)
        tick = _again(copy, original.engine)
        signal = copy.answer(tick, clock)
        self._orders.limit(
            tick.instrument_id,
            OrderSide.BUY,
            tick.bid_size,
            tick.bid_price,
            post_only=True,
            client_order_id=_REHEARSED,
        )
        return signal


def _again(channel: Channel, engine: FeatureEngine) -> QuoteTick:
    floats, ints, _board = engine.state
    price, size = engine.facts.price_precision, engine.facts.size_precision
    later_ns = int(ints[at.LAST_NS]) + _STEP_NS
    return QuoteTick(
        channel.instrument_id,
        Price(floats[at.BID], price),
        Price(floats[at.ASK], price),
        Quantity(floats[at.BID_SIZE], size),
        Quantity(floats[at.ASK_SIZE], size),
        later_ns,
        later_ns,
    )
