from pathlib import Path

import pytest
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data.depths import RecordedDepths
from tests.golden.test_hand_made_tape import TapeDesk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

NAME = "BTCUSDT-PERP.BINANCE"
SECOND = 1_000_000_000
BEFORE, AFTER = [(100.0, 1.0)], [(100.1, 2.0), (100.3, 0.5)]


@pytest.fixture
def depths(tmp_path: Path) -> RecordedDepths:
    """Return snapshots a second before and two after a full hour, five seconds valid."""
    desk = TapeDesk()
    desk.at(-1_000).depth(BEFORE, AFTER).quote(100.0, 100.1)
    desk.at(2_000).depth(BEFORE, [(100.1, 7.0)]).quote(100.0, 100.1)
    desk.catalog(tmp_path)
    assert ParquetDataCatalog(tmp_path).instruments()
    return RecordedDepths(tmp_path, NAME, 5 * SECOND)


def test_the_last_snapshot_at_a_moment(depths: RecordedDepths) -> None:
    hour_ns = TapeDesk().at(0).ns
    for ns, size in ((hour_ns - SECOND, 2.0), (hour_ns + SECOND, 2.0), (hour_ns + 2 * SECOND, 7.0)):
        found = depths.at(ns)
        assert found is not None
        (bid, *_), (ask, *_) = found[1].tolist()
        assert bid == [100.0, 1.0]
        assert ask == [100.1, size]  # across the ten minutes that are held at a time, too
    assert depths.at(hour_ns - SECOND)[0] < hour_ns  # type: ignore[index]


@pytest.mark.parametrize("seconds", [-2, 8, 3_600])
def test_none_before_the_first_or_once_it_is_too_old(depths: RecordedDepths, seconds: int) -> None:
    assert depths.at(TapeDesk().at(0).ns + seconds * SECOND) is None
