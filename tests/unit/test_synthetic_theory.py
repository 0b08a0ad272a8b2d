"""Closed forms against hand figures and against the market itself; no edge means no edge."""

import math

import numpy as np
import pytest

from nautilus_scalp.data.synthetic import theory
from nautilus_scalp.data.synthetic.market import Chunk
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.evaluation.placebo import null_interval
from nautilus_scalp.evaluation.placebo import null_z


HOURS = 4


def chunks(edge: float, seed: int) -> list[Chunk]:
    return list(generate(SyntheticParams(seed=seed, hours=HOURS, edge=edge)))


@pytest.fixture(scope="module")
def fair() -> list[Chunk]:
    return chunks(0.0, seed=21)


@pytest.fixture(scope="module")
def planted() -> list[Chunk]:
    return chunks(0.6, seed=22)


def jumps(parts: list[Chunk]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return quotes and signals before each jump of the mid, and twice the jumps."""
    quotes, signals, sizes = [], [], []
    for part in parts:
        size = np.diff(part.quotes[:, 2] + part.quotes[:, 3])
        before = np.flatnonzero(size)
        quotes.append(part.quotes[before])
        signals.append(part.signals[before])
        sizes.append(size[before])
    return np.concatenate(quotes), np.concatenate(signals), np.concatenate(sizes)


def test_closed_forms_by_hand() -> None:
    assert theory.hit_rate(0.5) == pytest.approx(0.5 + 1 / 6)  # arcsin 1/2 = pi / 6
    assert theory.next_jump_auc(math.sqrt(0.5)) == pytest.approx(0.5 + 1 / 3)


def test_without_an_edge_nothing_published_foretells_the_next_jump(fair: list[Chunk]) -> None:
    quotes, signals, sizes = jumps(fair)
    up = sizes > 0
    low, high = null_interval(int(up.sum()), int((~up).sum()))
    last_jump = np.concatenate([[0], np.sign(sizes[:-1])])
    scores = {
        "imbalance": theory.imbalance(quotes),
        "latent signal": signals[:, 0],
        "best public forecast": signals[:, 1],
        "spread side": quotes[:, 3] - quotes[:, 2],
        "last jump": last_jump,
        "queue imbalance change": np.diff(theory.imbalance(quotes), prepend=0.0),
        "last ten jumps": np.convolve(last_jump, np.ones(10))[: len(sizes)],
    }
    for name, score in scores.items():
        assert low < auc(score.astype(float), up) < high, name


def test_without_an_edge_signs_are_independent_and_jumps_balance(fair: list[Chunk]) -> None:
    sizes = jumps(fair)[2]
    signs = np.sign(sizes)
    for lag in (1, 2, 3, 10):
        assert abs((signs[lag:] * signs[:-lag]).mean()) < null_z() / math.sqrt(len(signs))
    assert abs(signs.mean()) < null_z() / math.sqrt(len(signs))
    assert abs(sizes.sum()) < null_z() * math.sqrt(float((sizes.astype(float) ** 2).sum()))


def test_without_an_edge_a_wide_spread_closes_either_way(fair: list[Chunk]) -> None:
    quotes, _, sizes = jumps(fair)
    wide = quotes[:, 3] - quotes[:, 2] > 1
    closes_up = (sizes[wide] > 0).mean()
    assert abs(closes_up - 0.5) < null_z() / (2 * math.sqrt(wide.sum()))


def test_planted_edge_has_the_theoretical_area_and_hit_rate(planted: list[Chunk]) -> None:
    _, signals, sizes = jumps(planted)
    up = sizes > 0
    assert auc(signals[:, 0], up) == pytest.approx(theory.next_jump_auc(0.6), abs=0.015)
    agreed = (np.sign(signals[:, 0]) == np.sign(sizes)).mean()
    assert agreed == pytest.approx(theory.hit_rate(0.6), abs=0.015)


def test_belief_is_calibrated_and_nearly_as_good_as_the_signal(planted: list[Chunk]) -> None:
    signals = np.concatenate([part.signals for part in planted])
    signal, belief, doubt = signals.T
    assert ((signal - belief) ** 2).mean() == pytest.approx(doubt.mean(), rel=0.05)
    assert (belief * (signal - belief)).mean() == pytest.approx(0.0, abs=0.01)
    _, before, sizes = jumps(planted)
    known = auc(before[:, 1], sizes > 0)
    expected = theory.next_jump_auc(0.6 * belief.std())
    assert known == pytest.approx(expected, abs=0.02)


def test_imbalance_shows_the_edge(planted: list[Chunk]) -> None:
    quotes, _, sizes = jumps(planted)
    assert auc(theory.imbalance(quotes), sizes > 0) > 0.7


def test_edge_in_bps_is_the_closed_form() -> None:
    # jumps of equal size: their usual tail would need days of market for the same accuracy
    params = SyntheticParams(seed=23, hours=HOURS, edge=0.6, jump_sigma=0.0)
    parts = list(generate(params))
    for horizon_ms in (100, 1_000):
        scores = [
            theory.score_chunk(part, horizon_ms, params.edge, params.reversion_per_s)
            for part in parts
        ]
        pooled = theory.pooled(scores)
        assert pooled.edge_bps_signal == pytest.approx(pooled.edge_bps_theory, rel=0.13)
        assert 0.8 * pooled.edge_bps_signal < pooled.edge_bps_belief < pooled.edge_bps_signal


def test_score_of_a_hand_made_chunk() -> None:
    # mid 100.5 -> 102.5 -> 101.5 ticks at 0, 60 and 200 ms; horizon 100 ms
    quotes = np.array(
        [[0, 1, 100, 101, 3, 1], [60, 2, 102, 103, 1, 3], [200, 3, 101, 102, 1, 1]], np.int64
    )
    signals = np.array([[1.0, 0.5, 0.1], [-2.0, 0.5, 0.1], [0.0, 0.0, 0.1]])
    chunk = Chunk(
        start_ms=0,
        end_ms=300,
        quotes=quotes,
        signals=signals,
        trades=np.empty((0, 5), np.int64),
        depth_times=np.empty((0, 2), np.int64),
        depths=np.empty((0, 4, 10), np.int64),
    )
    score = theory.score_chunk(chunk, 100, 0.5, 1.0)
    # rows at 0 and 60 ms end before 300; the second has the same mid at 160 ms
    assert (score.n, score.moves) == (2, 1)
    assert score.auc_signal is None
    assert score.edge_bps_signal == pytest.approx(2 / 100.5 * 1e4 / 2)
    promise = 2 * 2 / math.pi * math.asin(0.5 * math.exp(-0.06))
    assert score.edge_bps_theory == pytest.approx(promise / 100.5 * 1e4 / 2)
    jump = theory.score_next_jumps(chunk)
    assert (jump.jumps, jump.ups, jump.auc_signal, jump.auc_belief) == (2, 1, 1.0, 0.5)
    assert theory.score_chunk(chunk, 400, 0.5, 1.0) is None
