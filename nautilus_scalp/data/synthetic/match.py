"""How closely a synthetic tape resembles a recorded one."""

from importlib import resources

import msgspec
import numpy as np

from nautilus_scalp.data.synthetic.statistics import tape_statistics
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.settings import to_iso


_RECORDED_FILE = "recorded.json"
_DEFAULT = "BTCUSDT-PERP.BINANCE"
_NS_PER_HOUR = 3_600 * 1_000_000_000


class Statistic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure of a tape; None where it has nothing to measure it on."""

    name: str
    unit: str
    value: float | None


class Recorded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a recording is like.

    Attributes
    ----------
    instrument_id, start, end : str
        What was recorded, and when (UTC).
    statistics : tuple[Statistic, ...]
        See `tape_statistics`.

    """

    instrument_id: str
    start: str
    end: str
    statistics: tuple[Statistic, ...]


class MatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One statistic of both markets; None where one has nothing to measure it on."""

    name: str
    unit: str
    real: float | None
    synthetic: float | None


class MatchReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    Statistics side by side.

    Attributes
    ----------
    instrument_id, start, end : str
        The recording.
    synthetic_hours : float
        Length of the synthetic tape that was measured.
    rows : tuple[MatchRow, ...]
        One a statistic.

    """

    instrument_id: str
    start: str
    end: str
    synthetic_hours: float
    rows: tuple[MatchRow, ...]


def recorded_market(instrument_id: str) -> Recorded:
    """Return the statistics of the sample catalog's last recording of an instrument.

    They come with the package, so that they need no catalog. The market's parameters were fitted
    to ``BTCUSDT-PERP.BINANCE``, which stands in for an instrument that the sample does not have.
    """
    text = resources.files(__package__).joinpath(_RECORDED_FILE).read_bytes()
    known = {one.instrument_id: one for one in msgspec.json.decode(text, type=list[Recorded])}
    return known.get(instrument_id, known[_DEFAULT])


def describe_recording(tape: Tape) -> Recorded:
    """Return what a recorded tape of one instrument is like.

    Raises
    ------
    InputError
        If the tape has several instruments, or is too short.

    """
    return Recorded(
        instrument_id=tape.instruments[0].instrument_id,
        start=to_iso(int(tape.ts_event_ns[0])),
        end=to_iso(int(tape.ts_event_ns[-1])),
        statistics=tuple(
            Statistic(name=name, unit=unit, value=_known(value))
            for (name, unit), value in tape_statistics(tape).items()
        ),
    )


def match_report(recorded: Recorded, synthetic: Tape) -> MatchReport:
    """Set a synthetic tape beside a recording.

    Parameters
    ----------
    recorded : Recorded
        See `recorded_market`.
    synthetic : Tape
        At least two minutes of quotes and trades of one instrument.

    Returns
    -------
    MatchReport

    Raises
    ------
    InputError
        If the tape has several instruments, or is too short.

    """
    found = tape_statistics(synthetic)
    return MatchReport(
        instrument_id=recorded.instrument_id,
        start=recorded.start,
        end=recorded.end,
        synthetic_hours=float(np.ptp(synthetic.ts_event_ns)) / _NS_PER_HOUR,
        rows=tuple(
            MatchRow(
                name=one.name,
                unit=one.unit,
                real=one.value,
                synthetic=_known(found[one.name, one.unit]),
            )
            for one in recorded.statistics
        ),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
