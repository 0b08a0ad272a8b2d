"""A message bus that does not ask of every message whether it may leave the process.

After a message's handlers have run, Nautilus tests it against some sixty types that go to Redis as
well, whether there is a Redis or not: more than a microsecond for each of the two or three messages
that a quote causes. ``MessageBusConfig.types_filter`` takes types out of that test.
"""

from typing import Any

from nautilus_trader.config import MessageBusConfig


class _AllBut:
    """Equal to every type but some: one entry that filters them all, Nautilus's next ones too."""

    def __init__(self, kept: tuple[type, ...]) -> None:
        self._kept = kept

    def __eq__(self, other: object) -> bool:
        return other not in self._kept

    def __hash__(self) -> int:
        return hash(self._kept)


class _Filter(list[type]):
    """
    A list that looks empty and whose copy is the filter.

    The bus copies its filter and then clears the original. To a ``BacktestNode`` that makes another
    configuration, whose engine it does not find; an empty list stays what it was.
    """

    def __init__(self, kept: tuple[type, ...]) -> None:
        super().__init__()
        self._kept = kept

    def __copy__(self) -> list[Any]:
        return [_AllBut(self._kept)]


def quiet_bus(*published: type) -> MessageBusConfig:
    """
    Return the configuration of a bus that publishes no more than some types to other processes.

    Handlers in this process hear everything, as always.

    Parameters
    ----------
    *published : type
        What goes to Redis, if the bus is given one; nothing by default.

    Returns
    -------
    MessageBusConfig
        For a backtest's engine, or to be completed with a database.

    """
    return MessageBusConfig(types_filter=_Filter(published))
