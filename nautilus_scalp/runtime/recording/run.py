"""What a recording says about the run as a whole."""

from pathlib import Path

import msgspec

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.recording.components import Blocks


RUN_FILE = "run.json"
RECORDINGS = "recordings"

type States = dict[str, dict[str, bytes]]


class RecordedRun(msgspec.Struct, frozen=True, kw_only=True):
    """The components of a run and where they started from.

    Parameters
    ----------
    trader_id : str
        Nautilus trader id.
    started_ns : int
        Wall clock.
    features : bool
        Whether the vectors behind the signals are on record.
    blocks : Blocks
        Actors and strategies, with everything filled in.
    states : dict[str, dict[str, bytes]]
        State that components were given back, by component id.

    """

    trader_id: str
    started_ns: int
    features: bool
    blocks: Blocks
    states: States


def find_recording(path: Path) -> Path:
    """Return the directory of a recording.

    Parameters
    ----------
    path : Path
        The recording itself, or the state directory of a live run, whose latest is taken.

    Returns
    -------
    Path
        A directory with a run file.

    Raises
    ------
    UsageError
        If there is none.

    """
    if (path / RUN_FILE).exists():
        return path
    runs = sorted(path.glob(f"{RECORDINGS}/*/{RUN_FILE}"))
    if not runs:
        message = f"{path} is no recording, and holds none"
        raise UsageError(message, "run live with a [recorder] table; name its live.state_dir")
    return runs[-1].parent


def read_run(directory: Path) -> RecordedRun:
    """Return what the recording says about itself.

    Raises
    ------
    InputError
        If the file is damaged.

    """
    path = directory / RUN_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=RecordedRun)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        message = f"{path}: damaged ({error})"
        raise InputError(message, "compare another recording") from error
