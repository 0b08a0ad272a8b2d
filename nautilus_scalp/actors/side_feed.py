"""Subscriptions to depth, mark prices and funding rates, as each venue's client offers them."""

from typing import Any

from nautilus_trader.common.actor import Actor
from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Venue

from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK


_BINANCE = Venue("BINANCE")
# Binance sends the best levels whole, ten times a second: nothing to rebuild, no gap to miss.
_BINANCE_BOOK = {"depth": 10, "params": {"update_speed": 100}}


def subscribe_side(actor: Actor, instrument_id: InstrumentId, kinds: frozenset[int]) -> None:
    """
    Subscribe an actor to some kinds of event of one instrument.

    Parameters
    ----------
    actor : Actor
        Who has handlers for order book deltas, mark prices, funding rates and data.
    instrument_id : InstrumentId
        The instrument.
    kinds : frozenset[int]
        Of ``tape.DEPTH``, ``tape.MARK`` and ``tape.FUNDING``.

    """
    if DEPTH in kinds:
        how: dict[str, Any] = _BINANCE_BOOK if instrument_id.venue == _BINANCE else {}
        actor.subscribe_order_book_deltas(instrument_id, BookType.L2_MBP, **how)
    if MARK in kinds:
        actor.subscribe_mark_prices(instrument_id)
    if FUNDING in kinds and instrument_id.venue == _BINANCE:
        actor.subscribe_data(_binance_funding(instrument_id), client_id=ClientId(_BINANCE.value))
    elif FUNDING in kinds:
        actor.subscribe_funding_rates(instrument_id)


def unsubscribe_side(actor: Actor, instrument_id: InstrumentId, kinds: frozenset[int]) -> None:
    """Undo `subscribe_side`."""
    if DEPTH in kinds:
        actor.unsubscribe_order_book_deltas(instrument_id)
    # Binance's client cannot leave mark prices alone (nautilus_trader 1.231), and logs an error.
    if MARK in kinds and instrument_id.venue != _BINANCE:
        actor.unsubscribe_mark_prices(instrument_id)
    if FUNDING in kinds and instrument_id.venue == _BINANCE:
        actor.unsubscribe_data(_binance_funding(instrument_id), client_id=ClientId(_BINANCE.value))
    elif FUNDING in kinds:
        actor.unsubscribe_funding_rates(instrument_id)


def _binance_funding(instrument_id: InstrumentId) -> DataType:
    """Return the type of the message in which Binance's client puts funding rates."""
    # The adapter takes a while to import, and only those who trade there need it.
    from nautilus_trader.adapters.binance.futures import types  # noqa: PLC0415

    message = types.BinanceFuturesMarkPriceUpdate
    return DataType(message, metadata={"instrument_id": instrument_id})
