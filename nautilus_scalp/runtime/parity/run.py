"""``nautilus-scalp parity RUN``: does a replay of a live run do what the run did."""

import time
from pathlib import Path

import msgspec
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.errors import InputError
from nautilus_scalp.runtime.parity.compare import Comparison
from nautilus_scalp.runtime.parity.compare import Counts
from nautilus_scalp.runtime.parity.compare import Difference
from nautilus_scalp.runtime.parity.reader import read_stream
from nautilus_scalp.runtime.parity.replay import Replay
from nautilus_scalp.runtime.recording.journal import read_segments
from nautilus_scalp.runtime.recording.run import find_recording
from nautilus_scalp.runtime.recording.run import read_run
from nautilus_scalp.runtime.recording.writer import CATALOG
from nautilus_scalp.runtime.recording.writer import JOURNAL


class ParityAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a recording.

    Parameters
    ----------
    recording : str
        Its directory.
    equal : bool
        Whether everything was the same, up to the end of the recording.
    compared : Counts
        How much was told and compared.
    difference : Difference or None
        The first one.
    seconds : float
        How long the replay took.
    notes : list[str]
        What limits the verdict.

    """

    recording: str
    equal: bool
    compared: Counts
    difference: Difference | None
    seconds: float
    notes: list[str]


def check_parity(path: Path) -> ParityAnswer:
    """Replay a recorded live run, and compare features, signals and order intents.

    Parameters
    ----------
    path : Path
        A recording, or the state directory of a live run, whose latest is taken.

    Returns
    -------
    ParityAnswer
        Equal, or the first difference.

    Raises
    ------
    UsageError
        If there is no recording.
    InputError
        If it is damaged or empty.

    """
    started = time.perf_counter()
    directory = find_recording(path)
    run = read_run(directory)
    if not read_segments(directory / JOURNAL):
        message = f"{directory}: nothing was recorded"
        raise InputError(message, "let the run last longer than recorder.flush_interval_s")
    instruments = ParquetDataCatalog(str(directory / CATALOG)).instruments()
    replay = Replay(run, instruments, directory)
    try:
        comparison = Comparison(directory, replay)
        difference = comparison.run(read_stream(directory))
    finally:
        replay.close()
    notes = []
    if not comparison.complete and difference is None:
        notes.append("the recording was cut short: compared up to its last batch")
    if not run.features and comparison.counts.signals:
        notes.append("features were not recorded: they are compared through the signals alone")
    return ParityAnswer(
        recording=str(directory),
        equal=difference is None,
        compared=comparison.counts,
        difference=difference,
        seconds=time.perf_counter() - started,
        notes=notes,
    )
