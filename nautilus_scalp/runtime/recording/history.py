"""The history that an actor lived through before a recorded run, kept beside the recording."""

from pathlib import Path

import msgspec
import numpy as np

from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.replacing import replacing


_COLUMNS = ("kind", "instrument", "ts_event_ns", "ts_init_ns", "values", "books")


def history_path(recording: Path, actor: str) -> Path:
    """Return where the history of an actor is kept."""
    return recording / "history" / f"{actor}.npz"


def venue_history_path(recording: Path, actor: str) -> Path:
    """Return where the trades are kept that an actor was given by the venue, after its start."""
    return recording / "history" / f"{actor}.venue.npz"


def save_history(path: Path, tape: Tape) -> None:
    """Write a tape, whole or not at all.

    Parameters
    ----------
    path : Path
        Ends in ``.npz``.
    tape : Tape
        Any.

    """
    facts = np.frombuffer(msgspec.json.encode(tape.instruments), np.uint8)
    with replacing(path) as temporary, temporary.open("wb") as file:
        columns = {name: getattr(tape, name) for name in _COLUMNS}
        np.savez_compressed(file, instruments=facts, **columns)


def load_history(path: Path) -> Tape:
    """Return the tape that `save_history` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        instruments = msgspec.json.decode(
            arrays["instruments"].tobytes(), type=tuple[InstrumentFacts, ...]
        )
        return Tape(instruments=instruments, **{name: arrays[name] for name in _COLUMNS})
