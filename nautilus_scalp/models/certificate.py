"""Proof that a model's features are one and the same in training and live.

The first events of the training tape are stored beside the model. Computed in batch, as training
did, and event by event, as live does, they must give the same features in every bit; saving a model
checks that, and loading it checks it again on the machine that will trade.
"""

import hashlib
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import ScalpError
from nautilus_scalp.features.engine import FeatureEngine
from nautilus_scalp.features.engine import build_engines
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE
from nautilus_scalp.features.tape import InstrumentFacts
from nautilus_scalp.features.tape import Tape


SLICE_EVENTS = 4_000
TOLERANCE = 1e-9  # the processor may round a logarithm's last bit as it likes; more is a change
_KEPT_ROWS = 64  # the last rows of the slice, those that have seen the most
_ARRAYS = ("kind", "instrument", "ts_event_ns", "ts_init_ns", "values", "books")
_FACTS, _EXPECTED = "instruments", "expected"
_REMEDY = "train the model again on this machine, with this version"

type Floats = npt.NDArray[np.float64]


class ParityCertificate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What was compared when the model was saved.

    Attributes
    ----------
    events, rows, ready : int
        Events of the slice, quotes among them that have features, and those of them that have
        warmed up.
    features_sha256 : str
        Hash of the features of all rows: the same in batch and as a stream.

    """

    events: int
    rows: int
    ready: int
    features_sha256: str


def certify(
    tape: Tape, params: FeatureParams, names: Sequence[str]
) -> tuple[ParityCertificate, bytes]:
    """Compute the features of the first events of a tape both ways, and certify that they agree.

    Parameters
    ----------
    tape : Tape
        What the model was trained on.
    params : FeatureParams
        Of the features.
    names : sequence of str
        The columns.

    Returns
    -------
    ParityCertificate
        What was compared.
    bytes
        The slice with the features of its last rows, as a safetensors file.

    Raises
    ------
    ScalpError
        If batch and stream differ in any bit.

    """
    part = first_events(tape, SLICE_EVENTS)
    values, ready = _both_ways(part, params, names)
    facts = np.frombuffer(msgspec.json.encode(part.instruments), np.uint8)
    arrays = {name: np.ascontiguousarray(getattr(part, name)) for name in _ARRAYS}
    arrays |= {_FACTS: facts, _EXPECTED: np.ascontiguousarray(values[-_KEPT_ROWS:])}
    certificate = ParityCertificate(
        events=len(part), rows=len(values), ready=ready, features_sha256=_digest(values)
    )
    return certificate, safetensors_numpy.save(arrays)


def recheck(
    certificate: ParityCertificate,
    data: bytes,
    params: FeatureParams,
    names: Sequence[str],
    source: str,
) -> bool:
    """Compute the stored slice again, in batch and as a stream.

    Parameters
    ----------
    certificate : ParityCertificate
        What the manifest says.
    data : bytes
        The stored slice.
    params : FeatureParams
        Of the features.
    names : sequence of str
        The columns.
    source : str
        File to name in an error.

    Returns
    -------
    bool
        Whether every bit is the one of the machine that trained the model. Where that is another
        processor, a last bit may differ.

    Raises
    ------
    InputError
        If the slice cannot be read, or the features are not those that the model was trained on.

    """
    part, expected = _read(data, source)
    try:
        values, ready = _both_ways(part, params, names)
    except ScalpError as error:
        message = f"{source}: {error.message}"
        raise InputError(message, _REMEDY) from error
    kept = values[-_KEPT_ROWS:]
    counts = (len(part), len(values), ready)
    if counts != (certificate.events, certificate.rows, certificate.ready) or not np.allclose(
        kept, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
    ):
        message = f"{source}: this machine computes other features than the model was trained on"
        raise InputError(message, _REMEDY)
    return _digest(values) == certificate.features_sha256


def first_events(tape: Tape, count: int) -> Tape:
    """Return the first events of a tape.

    Parameters
    ----------
    tape : Tape
        Events in replay order.
    count : int
        How many at most.

    Returns
    -------
    Tape
        With the depth snapshots of these events alone.

    """
    depth = tape.kind[:count] == DEPTH
    books = int(tape.values[:count][depth, 0].max()) + 1 if depth.any() else 0
    columns = {name: getattr(tape, name)[:count] for name in _ARRAYS if name != "books"}
    return msgspec.structs.replace(tape, books=tape.books[:books], **columns)


def feed(engines: Sequence[FeatureEngine], tape: Tape, event: int) -> bool:
    """Give one event of a tape to its instrument's engine, as an actor does.

    Parameters
    ----------
    engines : sequence of FeatureEngine
        One an instrument, from `build_engines`.
    tape : Tape
        Events in replay order.
    event : int
        Which.

    Returns
    -------
    bool
        Whether it was a quote that features are ready on.

    """
    engine = engines[tape.instrument[event]]
    kind, ts_event_ns = int(tape.kind[event]), int(tape.ts_event_ns[event])
    first, second, third, fourth = tape.values[event].tolist()
    if kind == QUOTE:
        return bool(engine.on_quote(ts_event_ns, first, second, third, fourth))
    if kind == TRADE:
        engine.on_trade(ts_event_ns, first, second, third)
    elif kind == DEPTH:
        engine.on_depth(ts_event_ns, tape.books[int(first)])
    elif kind == MARK:
        engine.on_mark(ts_event_ns, first)
    elif kind == FUNDING:
        engine.on_funding(ts_event_ns, first)
    return False


def _both_ways(tape: Tape, params: FeatureParams, names: Sequence[str]) -> tuple[Floats, int]:
    """Return the features of every accepted quote, and how many of them are ready."""
    batch = compute_matrix(tape, params, names)
    engines = build_engines(tape.instruments, params, names)
    rows = np.full_like(batch.values, np.nan)
    ready = np.zeros(len(batch), np.bool_)
    row = 0
    for event in range(len(tape)):
        done = feed(engines, tape, event)
        # a refused quote has no row; an accepted one has, warm or not
        if row < len(batch) and tape.ts_init_ns[event] == batch.ts_init_ns[row]:
            rows[row], ready[row] = engines[tape.instrument[event]].value, done
            row += 1
    if _digest(rows) != _digest(batch.values) or not np.array_equal(ready, batch.ready):
        message = "features differ between batch and stream"
        raise ScalpError(message, "this is a fault of the feature kernels; please report it")
    return rows, int(ready.sum())


def _digest(values: Floats) -> str:
    """Hash the bits of the values; every NaN counts as the same."""
    return hashlib.sha256(np.where(np.isnan(values), np.nan, values).tobytes()).hexdigest()


def _read(data: bytes, source: str) -> tuple[Tape, Floats]:
    try:
        arrays = safetensors_numpy.load(data)
        facts = msgspec.json.decode(arrays[_FACTS].tobytes(), type=tuple[InstrumentFacts, ...])
        columns = {name: arrays[name] for name in _ARRAYS}
        return Tape(instruments=facts, **columns), arrays[_EXPECTED]
    except (SafetensorError, KeyError, msgspec.DecodeError) as error:
        message = f"{source}: not the slice of a training tape: {error}"
        raise InputError(message, "restore the artifact from where it came") from error
