"""What is done to a strategy from outside: it goes on record, so that a replay does it too."""

from collections.abc import Callable

import msgspec
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something done to a strategy, in one instrument or in all of its own."""

    name: str
    strategy: str
    instrument: str | None = None


def perform(name: str, strategy: Strategy, instrument_id: InstrumentId | None = None) -> None:
    """Do something to a strategy.

    Parameters
    ----------
    name : {"stop", "withdraw", "close"}
        Stop it in its own way; cancel its orders in an instrument; cancel what it still has open
        and close what it still holds, now that it has stopped.
    strategy : Strategy
        To which.
    instrument_id : InstrumentId, optional
        Where, for "withdraw".

    """
    if name == "stop":
        strategy.stop()
    elif name == "withdraw":
        strategy.cancel_all_orders(instrument_id)
    else:
        _close(strategy)


def _close(strategy: Strategy) -> None:
    cache = strategy.cache
    if cache.orders_inflight(strategy_id=strategy.id):
        return
    for order in cache.orders_open(strategy_id=strategy.id):
        strategy.cancel_order(order)
    if not cache.orders_open(strategy_id=strategy.id):
        for position in cache.positions_open(strategy_id=strategy.id):
            strategy.close_position(position)


class Actions:
    """Does things to strategies, and notes them first.

    Parameters
    ----------
    note : Callable[[Action], None]
        Takes the note.

    """

    def __init__(self, note: Callable[[Action], None]) -> None:
        self._note = note

    def do(self, name: str, strategy: Strategy, instrument_id: InstrumentId | None = None) -> None:
        """Note and `perform`."""
        instrument = None if instrument_id is None else str(instrument_id)
        self._note(Action(name=name, strategy=str(strategy.id), instrument=instrument))
        perform(name, strategy, instrument_id)
