"""The journal of a recording: what is not market data, in order, and what belongs together."""

from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.core.message import Event
from nautilus_trader.model import events

from nautilus_scalp.errors import InputError


SUFFIX = ".json"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened between two market events of a segment.

    Parameters
    ----------
    after : int
        How many market events of the segment came before it.
    kind : str
        "order", "event", "account", "timer", "action", "history" (past trades of the venue, for
        one actor) and "message" (a venue's own form of market data, such as Binance's for funding
        rates) are told to the components of a replay;
        "intent" and "regime" are what they must answer. "start" is when they started, "end" when
        the recording ended in good order.
    body : dict, list or None
        The thing itself.

    """

    after: int
    kind: str
    body: Any = None


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One batch, complete once this is on the disk.

    Parameters
    ----------
    rows : int
        Market events.
    files : list[str]
        The files that belong to it, relative to the recording.
    entries : list[Entry]
        What happened between them.
    moved : list[tuple[int, int]]
        Row and true ``ts_init`` of the events whose time the catalog has differently.

    """

    rows: int
    files: list[str]
    entries: list[Entry]
    moved: list[tuple[int, int]]


def read_segments(folder: Path) -> list[Path]:
    """Return the segments of a journal, in order.

    Parameters
    ----------
    folder : Path
        ``journal`` of a recording.

    Returns
    -------
    list[Path]
        What a killed process was still writing is not among them.

    """
    return sorted(folder.glob(f"*{SUFFIX}"))


def read_segment(path: Path) -> Segment:
    """Return one segment.

    Raises
    ------
    InputError
        If the file is damaged.

    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Segment)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        message = f"{path}: damaged ({error})"
        raise InputError(message, "compare another recording") from error


def event_from_dict(fields: dict[str, Any]) -> Event:
    """Return an event of Nautilus from what its own ``to_dict`` told.

    Parameters
    ----------
    fields : dict
        Plain values; ``type`` names the event's class.

    Returns
    -------
    Event
        Equal to the one that was told.

    """
    event: Event = getattr(events, fields["type"]).from_dict(fields)
    return event
