"""Stability of a choice, weights on the simplex, and stages that are kept: by hand."""

from pathlib import Path

import numpy as np
import pytest

from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.training.candidates import candidates
from nautilus_scalp.training.fit_weights import blend
from nautilus_scalp.training.stability import jaccard
from nautilus_scalp.training.stability import nogueira
from nautilus_scalp.training.stages import Stages


def test_stability_is_one_for_equal_choices_and_nought_for_chance() -> None:
    same = [frozenset("abc")] * 4
    assert nogueira(same, 20) == 1.0
    assert jaccard(same) == 1.0
    # two choices of one of two: they differ; s2 = 2 x 0.25 = 0.5 each, over 0.25 -> 1 - 2
    assert nogueira([frozenset("a"), frozenset("b")], 2) == pytest.approx(-1.0)
    rng = np.random.default_rng(1)
    names = [str(k) for k in range(60)]
    random = [frozenset(rng.choice(names, 25, replace=False).tolist()) for _ in range(200)]
    assert abs(nogueira(random, 60) or 1.0) < 0.02
    assert nogueira(same[:1], 20) is None
    assert jaccard(same[:1]) is None


def test_candidates_are_warm_in_time_and_need_no_other_market() -> None:
    params = FeatureParams()
    few = candidates(params, 31_000.0, depth=False)
    assert {"imbalance.now", "rsi(14).1s", "mid.score.10s"} <= set(few)
    assert not {"mid.score.60s", "rsi(14).1m", "peer_mid.score.10s", "mark_gap.now"} & set(few)
    assert "imbalance_5.now" not in few
    assert "imbalance_5.now" in candidates(params, 31_000.0, depth=True)
    assert "mid.score.60s" in candidates(params, 61_000.0, depth=False)


def test_the_blend_takes_the_better_model_and_splits_equal_ones() -> None:
    rng = np.random.default_rng(2)
    truth = rng.dirichlet([1.0, 2.0, 1.0], 6_000)
    label = (rng.random(6_000)[:, None] > truth.cumsum(axis=1)).sum(axis=1)
    noise = rng.dirichlet([1.0, 2.0, 1.0], 6_000)
    ones = np.ones(6_000)
    weights = blend(np.stack((truth, noise)), label, ones)
    assert weights[0] > 0.97
    assert weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(blend(np.stack((truth, truth)), label, ones), 0.5)


def test_a_stage_runs_once(tmp_path: Path) -> None:
    stages = Stages(tmp_path / "kept")
    calls = []

    def compute() -> dict[str, np.ndarray]:
        calls.append(1)
        return {"x": np.arange(3.0)}

    for _ in range(2):
        np.testing.assert_array_equal(Stages(tmp_path / "kept").run("one", compute)["x"], [0, 1, 2])
    assert len(calls) == 1
    inner = stages.inner("fold-1")
    inner.run("one", compute)
    assert stages.finished == ("one",)
    assert inner.finished == ("one",)
    stages.clear()
    assert list(tmp_path.iterdir()) == []
    Stages().run("one", compute)
    Stages().run("one", compute)
    assert len(calls) == 4
