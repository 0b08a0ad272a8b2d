"""The audit tells an honest label from one that rules without skill foretell."""

import msgspec
import numpy as np
import pytest

from nautilus_scalp.training.audit import audit_label
from nautilus_scalp.training.label_kinds import LabelParams
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.labels import label_moves


PLAIN = LabelParams()


def test_by_hand() -> None:
    ts = np.array([0, 1, 2, 3, 4]) * 1_000 * NS_PER_MS
    mid = np.array([10.0, 11.0, 12.0, 12.0, 11.0])
    segment = np.zeros(5, np.int32)
    labels = label_moves(ts, mid, segment, 1_000)  # up, up, flat, down, none
    imbalance = np.array([0.5, -0.5, 0.5, -0.5, 0.5])
    audit = audit_label(labels, np.ones(5, np.bool_), (ts, mid, segment), imbalance, PLAIN)
    assert audit.n == 4
    assert audit.shares == {"down": 0.25, "flat": 0.25, "up": 0.5}
    assert audit.rules["majority"].accuracy == 0.5
    # a second ago: same, lower, lower, same: says flat, up, up, flat
    assert audit.rules["persistence"].accuracy == 0.25
    assert audit.rules["persistence"].accuracy_moves == pytest.approx(1 / 3)
    # imbalance says up, down, up, down of up, up, flat, down
    assert audit.rules["queue_imbalance"].accuracy == 0.5
    assert audit.rules["queue_imbalance"].auc == 0.75
    few = audit_label(labels, np.arange(5) < 1, (ts, mid, segment), imbalance, PLAIN)
    assert few.n == 1


def test_on_a_random_walk_no_rule_has_skill_but_a_smoothed_label_is_caught() -> None:
    rng = np.random.default_rng(4)
    rows = 40_000
    ts = np.arange(rows) * 100 * NS_PER_MS
    mid = 10_000.0 + np.cumsum(rng.normal(size=rows))
    segment = np.zeros(rows, np.int32)
    everything = np.ones(rows, np.bool_)
    noise = rng.normal(size=rows)
    honest = label_moves(ts, mid, segment, 1_000)
    rules = audit_label(honest, everything, (ts, mid, segment), noise, PLAIN).rules
    for name in ("persistence", "mid_minus_mean", "queue_imbalance"):
        assert abs(rules[name].auc - 0.5) < 0.03, name
    # the mean of the next ten mids against the mean of the last ten: a label that looks back
    around = np.convolve(mid, np.ones(10) / 10, "full")
    smoothed = np.sign(around[19 : 19 + rows - 20] - around[9 : 9 + rows - 20])
    direction = np.full(rows, -1, np.int8)
    direction[9 : 9 + rows - 20] = 1 + smoothed
    leaky = msgspec.structs.replace(honest, direction=direction)
    rules = audit_label(leaky, everything, (ts, mid, segment), noise, PLAIN).rules
    assert rules["mid_minus_mean"].accuracy > 0.6


def test_the_five_bands_are_told() -> None:
    ts = np.array([0, 60, 120, 180]) * 1_000 * NS_PER_MS
    mid = np.array([100.0, 100.6, 98.6, 98.6])
    segment = np.zeros(4, np.int32)
    labels = label_moves(ts, mid, segment, 60_000)
    params = LabelParams(kind="five_class")
    quotes = (ts, mid, segment)
    audit = audit_label(labels, np.ones(4, np.bool_), quotes, np.zeros(4), params)
    assert audit.shares["band: strong down"] == pytest.approx(1 / 3)
    assert audit.shares["band: up"] == pytest.approx(1 / 3)
