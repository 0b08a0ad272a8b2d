from pathlib import Path

from nautilus_scalp.data.funding import recorded_funding
from nautilus_scalp.runtime.config import VenueSection
from nautilus_scalp.runtime.simulation.schedule import funding_schedule
from nautilus_scalp.runtime.simulation.schedule import uncharged
from nautilus_scalp.runtime.simulation.schedule import usual_times


SAMPLE = Path(__file__).parents[2] / "catalogs" / "sample"
BTC = "BTCUSDT-PERP.BINANCE"
MIDNIGHT_NS = 1_680_652_800 * 10**9  # 2023-04-05 00:00:00 UTC
HOUR_NS = 3_600 * 10**9
AROUND = (MIDNIGHT_NS - HOUR_NS, MIDNIGHT_NS + HOUR_NS)


def test_the_sample_has_one_recorded_funding_time() -> None:
    (time,) = recorded_funding(SAMPLE, BTC, *AROUND)

    assert time.ts_ns == MIDNIGHT_NS
    assert abs(time.rate) < 0.001
    assert time.mark is not None
    assert 27_000.0 < time.mark < 29_000.0


def test_a_recorded_rate_wins_over_the_configured_one() -> None:
    venue = VenueSection(funding_rate=0.5)
    schedule = funding_schedule(venue, SAMPLE, [BTC], AROUND)
    assert [time.rate for time in schedule] == [recorded_funding(SAMPLE, BTC, *AROUND)[0].rate]


def test_a_window_does_not_pay_at_its_ends() -> None:
    assert usual_times((MIDNIGHT_NS, MIDNIGHT_NS + 8 * HOUR_NS), 8.0) == []


def test_what_nobody_knows_is_counted() -> None:
    later = (MIDNIGHT_NS + HOUR_NS, MIDNIGHT_NS + 17 * HOUR_NS)
    assert uncharged((), [BTC], later) == {BTC: 2}
    charged = funding_schedule(VenueSection(funding_rate=0.0001), SAMPLE, [BTC], later)
    assert uncharged(charged, [BTC], later) == {}
