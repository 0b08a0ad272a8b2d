"""Train and test rows for every fold, their label intervals apart by the embargo."""

from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.splits import Split
from nautilus_scalp.training.splits import recordings
from nautilus_scalp.training.splits import require_disjoint


type Times = npt.NDArray[np.int64]
type Bools = npt.NDArray[np.bool_]
type Scheme = Literal["expanding", "rolling", "kfold", "recordings", "instruments"]


class WalkForwardParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How training data are cut into folds.

    Parameters
    ----------
    scheme : str
        ``expanding``: train on all before the test. ``rolling``: on the last `train_parts` before
        it. ``kfold``: on all around it (purged). ``recordings``: each recording is the test of
        models that saw the others. ``instruments``: each instrument's later part is the test of
        models that saw the others' earlier part.
    folds : int
        Tests in time (`expanding`, `rolling`, `kfold`).
    train_parts : int
        Length of a `rolling` training window, in tests.
    stride : int
        Models are fitted on every n-th row; 1 is all. Tests are always whole.

    """

    scheme: Scheme = "expanding"
    folds: int = 3
    train_parts: int = 1
    stride: int = 1

    def __post_init__(self) -> None:
        """Refuse values that cut nothing."""
        for key, value, least in (
            ("folds", self.folds, 2 if self.scheme == "kfold" else 1),
            ("train_parts", self.train_parts, 1),
            ("stride", self.stride, 1),
        ):
            if value < least:
                message = f"training configuration: walk_forward.{key} = {value}"
                raise UsageError(message, f"give {least} or more")


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """
    One fold.

    Attributes
    ----------
    name : str
        What is tested.
    split : Split
        Rows to learn from (`train`, which an inner split may divide again) and to test on
        (`holdout`).

    """

    name: str
    split: Split


def make_folds(
    ts_event_ns: Times,
    end_ns: Times,
    instrument: npt.NDArray[np.integer],
    params: WalkForwardParams,
    embargo_ms: int,
) -> tuple[Fold, ...]:
    """Cut rows into folds.

    Time is counted without the pauses between recordings, so that parts hold equal shares of what
    was recorded.

    Parameters
    ----------
    ts_event_ns, end_ns : int64[m]
        Label interval of every row.
    instrument : integer[m]
        Of every row; all are cut at the same instants, so that none foretells another.
    params : WalkForwardParams
        The scheme.
    embargo_ms : int
        Distance between the label intervals of train and test.

    Returns
    -------
    tuple[Fold, ...]
        In order of time; each checked by `require_disjoint`, which nothing turns off.

    Raises
    ------
    InputError
        If no fold has rows on both sides.

    """
    candidates = _SCHEMES[params.scheme](ts_event_ns, instrument, params)
    folds = []
    for name, train, test in candidates:
        kept = train & ~test & _clear_of(ts_event_ns, end_ns, test, embargo_ms)
        if not kept.any() or not test.any():
            continue
        split = Split(train=kept, holdout=test)
        require_disjoint(ts_event_ns, end_ns, split, embargo_ms)
        folds.append(Fold(name=name, split=split))
    if not folds:
        message = f"walk_forward.scheme = {params.scheme!r} leaves no fold with rows on both sides"
        raise InputError(message, "widen start..end, or choose another scheme or fewer folds")
    return tuple(folds)


def _clear_of(ts_event_ns: Times, end_ns: Times, test: Bools, embargo_ms: int) -> Bools:
    """Tell which label intervals lie further than the embargo from every test interval."""
    embargo_ns = embargo_ms * NS_PER_MS
    starts = np.sort(ts_event_ns[test])
    ends = np.sort(end_ns[test])
    wholly_before = np.searchsorted(ends, ts_event_ns - embargo_ns, side="left")
    wholly_behind = len(starts) - np.searchsorted(starts, end_ns + embargo_ns, side="right")
    clear: Bools = wholly_before + wholly_behind == len(starts)
    return clear


def _recorded_time(ts_event_ns: Times) -> tuple[Times, int]:
    """Return each row's time since the first event without the pauses, and the whole length."""
    elapsed = np.zeros(len(ts_event_ns), np.int64)
    total = 0
    for start, stop in recordings(ts_event_ns):
        inside = (ts_event_ns >= start) & (ts_event_ns <= stop)
        elapsed[inside] = ts_event_ns[inside] - start + total
        total += stop - start + 1
    return elapsed, total


type _Candidates = list[tuple[str, Bools, Bools]]


def _in_time(
    ts_event_ns: Times, _instrument: npt.NDArray[np.integer], params: WalkForwardParams
) -> _Candidates:
    elapsed, total = _recorded_time(ts_event_ns)
    around = params.scheme == "kfold"
    parts = params.folds if around else params.folds + 1
    part = elapsed * parts // total
    found = []
    for k in range(0 if around else 1, parts):
        train = part != k if around else part < k
        if params.scheme == "rolling":
            train &= part >= k - params.train_parts
        found.append((f"part {k + 1} of {parts}", train, part == k))
    return found


def _by_recording(
    ts_event_ns: Times, _instrument: npt.NDArray[np.integer], _params: WalkForwardParams
) -> _Candidates:
    found = []
    for index, (start, stop) in enumerate(recordings(ts_event_ns)):
        inside = (ts_event_ns >= start) & (ts_event_ns <= stop)
        found.append((f"recording {index + 1}", ~inside, inside))
    return found


def _by_instrument(
    ts_event_ns: Times, instrument: npt.NDArray[np.integer], _params: WalkForwardParams
) -> _Candidates:
    elapsed, total = _recorded_time(ts_event_ns)
    later = elapsed * 2 >= total
    return [
        (f"instrument {index}", ~later & (instrument != index), later & (instrument == index))
        for index in np.unique(instrument).tolist()
    ]


_SCHEMES: dict[str, Callable[..., _Candidates]] = {
    "expanding": _in_time,
    "rolling": _in_time,
    "kfold": _in_time,
    "recordings": _by_recording,
    "instruments": _by_instrument,
}
