"""Names of features, taken apart and described."""

from collections import Counter

import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.catalogue import CATALOGUE
from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.catalogue import SELECTED_GROUPS
from nautilus_scalp.features.catalogue import specify
from nautilus_scalp.features.grammar import Formula
from nautilus_scalp.features.grammar import duration_ms
from nautilus_scalp.features.grammar import parse


def test_names_are_taken_apart() -> None:
    assert parse("mid.cross.250ms.2s") == Formula("cross", ("mid",), (250.0, 2_000.0))
    assert parse("imbalance.now") == Formula("now", ("imbalance",))
    assert parse("macd(12,26,9).100ms") == Formula(
        "technical", ("macd",), lengths=(12, 26, 9), clock="100ms"
    )


def test_durations() -> None:
    assert [duration_ms(text) for text in ("5ms", "2s", "15m", "1h")] == [5, 2e3, 9e5, 3.6e6]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "mid",
        "mid.mean.",
        "mids.deviation.1s",
        "mid.deviation",
        "mid.deviation.1s.2s",
        "mid.cross.1s",
        "mid.deviation.1x",
        "mid.technical.1s",
        "rsi(14)",
        "rsi(14).2s",
        "rsi().1s",
        "tsi(14).1s",
        "rsi(14,3).1s",
        "rsi(0).1s",
        "macd(26,12,9).1s",
        "mid.cross.2s.1s",
        "mid.mean.1s",
        "mid.now",
        "imbalance.sum.1s",
        "imbalance.balance.1s",
        "mid.deviation.0ms",
    ],
)
def test_a_name_outside_the_grammar_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        parse(name)


def test_the_selection_is_the_specified_twenty_five() -> None:
    specs = [specify(name, 30_000.0) for name in SELECTED]
    groups = Counter(spec.group for spec in specs)
    assert len(set(SELECTED)) == 25
    assert groups == SELECTED_GROUPS
    assert all(spec.unit and spec.source for spec in specs)


def test_the_catalogue_has_more_than_a_thousand_features() -> None:
    specs = [specify(name, 30_000.0) for name in CATALOGUE]
    assert len(set(CATALOGUE)) == len(CATALOGUE) > 1_000
    assert set(SELECTED) <= set(CATALOGUE)
    assert all(spec.unit and spec.source for spec in specs)
    assert {spec.group for spec in specs} == {
        "price", "volume", "book", "depth", "technical", "statistics", "volatility", "cross",
        "time",
        "funding",
    }  # fmt: skip


def test_warm_up_covers_the_slowest_average() -> None:
    assert specify("mid.cross.1s.60s", 30_000.0).warm_up.elapsed_ms == 60_000.0
    assert specify("rsi(14).1s", 30_000.0).warm_up.bars == 15
    assert specify("volume.sum.1s", 30_000.0).warm_up.trades == 1
