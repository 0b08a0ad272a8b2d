"""The recording's statistics that come with the package are those of the sample catalog.

``python -m tests.golden.test_recorded_statistics`` writes them anew.
"""

from pathlib import Path

import msgspec
import pytest

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.synthetic import match
from nautilus_scalp.data.synthetic.match import Recorded
from nautilus_scalp.data.synthetic.match import describe_recording
from nautilus_scalp.data.synthetic.match import recorded_market


SAMPLE = Path(__file__).parents[2] / "catalogs" / "sample"
START_NS = 1_721_340_000_000_000_000  # 2024-07-18T22:00:00Z: the last recording alone
INSTRUMENTS = ("BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE")


def recording(instrument_id: str) -> Recorded:
    return describe_recording(read_tape(SAMPLE, [instrument_id], START_NS, extras=True))


@pytest.mark.parametrize("instrument_id", INSTRUMENTS)
def test_the_shipped_statistics_are_those_of_the_sample(instrument_id: str) -> None:
    shipped, measured = recorded_market(instrument_id), recording(instrument_id)
    assert (shipped.start, shipped.end) == (measured.start, measured.end)
    for ours, theirs in zip(shipped.statistics, measured.statistics, strict=True):
        assert (ours.name, ours.unit) == (theirs.name, theirs.unit)
        assert ours.value == pytest.approx(theirs.value, rel=1e-9)


if __name__ == "__main__":
    text = msgspec.json.encode([recording(name) for name in INSTRUMENTS])
    file = Path(match.__file__).with_name(match._RECORDED_FILE)  # noqa: SLF001 (its own writer)
    file.write_bytes(msgspec.json.format(text, indent=1) + b"\n")
