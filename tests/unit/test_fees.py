from decimal import Decimal

import pytest

from nautilus_scalp.data.fees import fee_rates
from nautilus_scalp.data.fees import fee_schedule
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.config import VenueSection
from nautilus_scalp.runtime.simulation.fees import TierFees
from nautilus_scalp.runtime.simulation.venue import tier_fees
from nautilus_scalp.runtime.simulation.venue import tier_name


OWN = Decimal("0.0002")


def rate(venue: VenueSection, *, is_maker: bool) -> Decimal:
    return TierFees(tier_fees(venue)).rate(OWN, is_maker=is_maker)


def test_the_table_says_since_when_and_who_says_so() -> None:
    schedule = fee_schedule("BINANCE")
    assert schedule is not None
    assert schedule.valid_from.isoformat() == "2026-03-01"
    assert schedule.source


def test_the_instruments_own_fee_without_a_tier() -> None:
    assert rate(VenueSection(), is_maker=True) == OWN


def test_a_tier_replaces_it() -> None:
    venue = VenueSection(fee_tier="VIP 9")
    assert rate(venue, is_maker=True) == 0
    assert rate(venue, is_maker=False) == Decimal("0.00015")


def test_the_discount_is_on_fees_and_not_on_rebates() -> None:
    venue = VenueSection(fee_tier="market maker", bnb_discount=0.1, fee_multiplier=2.0)
    assert rate(venue, is_maker=True) == Decimal("-0.00005")
    assert rate(venue, is_maker=False) == Decimal("0.0009")
    assert tier_name(venue) == "BINANCE market maker, 10% off in BNB, times 2"


def test_an_unknown_tier_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="VIP 1") as caught:
        fee_rates("BINANCE", "VIP 1")
    assert "VIP 3" in caught.value.remedy


def test_bybit_has_tiers_of_its_own_and_no_bnb() -> None:
    assert rate(VenueSection(name="BYBIT", fee_tier="VIP 2"), is_maker=False) == Decimal("0.000375")
    with pytest.raises(UsageError, match="BYBIT takes no fees in BNB"):
        tier_fees(VenueSection(name="BYBIT", bnb_discount=0.1))


def test_an_unknown_venue_has_no_tiers() -> None:
    with pytest.raises(UsageError, match="NOWHERE"):
        fee_rates("NOWHERE", "VIP 0")
