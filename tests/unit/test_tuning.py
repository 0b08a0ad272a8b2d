"""The study of `tune`: what an interruption cannot change, and how much of a find is luck."""

import math
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from optuna.trial import FixedTrial

from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.tuning.run import find_luck
from nautilus_scalp.runtime.tuning.shared import SharedModels
from nautilus_scalp.runtime.tuning.shared import unchanged_models
from nautilus_scalp.runtime.tuning.space import Dial
from nautilus_scalp.runtime.tuning.space import backtest_space
from nautilus_scalp.runtime.tuning.space import chosen_dials
from nautilus_scalp.runtime.tuning.space import overrides
from nautilus_scalp.runtime.tuning.space import propose
from nautilus_scalp.runtime.tuning.space import training_space
from nautilus_scalp.runtime.tuning.study import OnFold
from nautilus_scalp.runtime.tuning.study import Outcome
from nautilus_scalp.runtime.tuning.study import StudyPlan
from nautilus_scalp.runtime.tuning.study import run_study
from nautilus_scalp.runtime.tuning.toml import to_toml
from nautilus_scalp.training.config import BoostingParams
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.config import load_training_config
from nautilus_scalp.training.label_kinds import LabelParams
from nautilus_scalp.training.stages import Arrays


ROOT = Path(__file__).parents[2]
SPACE = (
    Dial(path="a.x", low=0.0, high=1.0),
    Dial(path="a.kind", choices=("one", "two")),
    Dial(path="a.n", low=1, high=8, whole=True, log=True),
)


def nothing(_stage: str, _fraction: float) -> None:
    """Report no progress."""


def parabola(assignments: Sequence[str], on_fold: OnFold) -> None:
    """Score x by its distance from 0.3, the baseline by that of 0.9; folds differ a little."""
    values = dict(text.split("=") for text in assignments)
    x = float(values.get("a.x", 0.9))
    for fold in range(3):
        on_fold(fold, -((x - 0.3) ** 2) + 0.01 * fold * x)


def plan(journal: Path, trials: int, seed: int = 5) -> StudyPlan:
    return StudyPlan(journal=journal, name="study", space=SPACE, trials=trials, seed=seed)


def run(journal: Path, trials: int, seed: int = 5) -> Outcome:
    return run_study(plan(journal, trials, seed), parabola, nothing)


def test_the_baseline_is_the_first_trial_and_better_ones_are_found(tmp_path: Path) -> None:
    found = run(tmp_path / "journal", 25)
    assert found.trials == 25
    assert found.attempts[0].overrides == []
    assert found.attempts[0].score == pytest.approx(-0.36 + 0.009)
    assert found.best.score > -0.01
    assert found.pruned > 0
    assert all(len(attempt.folds) == 3 for attempt in found.attempts)


def test_equal_seeds_try_the_same_and_others_do_not(tmp_path: Path) -> None:
    assert run(tmp_path / "one", 6) == run(tmp_path / "two", 6)
    assert run(tmp_path / "three", 6, seed=6) != run(tmp_path / "one", 6)


def test_an_interrupted_study_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 11)
    calls = 0

    def interrupted(assignments: Sequence[str], on_fold: OnFold) -> None:
        nonlocal calls
        calls += 1
        if calls in {4, 11}:
            raise KeyboardInterrupt
        parabola(assignments, on_fold)

    journal = tmp_path / "broken"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_study(plan(journal, 11), interrupted, nothing)
    assert run_study(plan(journal, 11), interrupted, nothing) == whole
    assert run(journal, 11) == whole  # nothing is left to do
    assert run(journal, 8).trials == 11


def test_a_trial_can_be_given_up_after_any_fold_but_the_last(tmp_path: Path) -> None:
    seen: list[int] = []

    def harder(assignments: Sequence[str], on_fold: OnFold) -> None:
        """Score all alike on an easy first fold, and by x on two hard ones."""
        x = float(dict(text.split("=") for text in assignments).get("a.x", 0.9))
        seen.append(0)
        for fold, score in enumerate((0.9, 0.5 - abs(x - 0.3), 0.4 - abs(x - 0.3))):
            seen[-1] += 1
            on_fold(fold, score)

    found = run_study(plan(tmp_path / "journal", 20), harder, nothing)
    assert set(seen) == {2, 3}  # nobody is behind on the first, and the last saves nothing
    assert seen.count(2) == found.pruned > 0


def test_progress_tells_trials_folds_and_the_best(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    run_study(
        plan(tmp_path / "journal", 3), parabola, lambda what, share: told.append((what, share))
    )
    assert told[0] == ("trial 1: as configured", 0.0)
    assert told[1] == ("trial 2 of 3, best -0.351", pytest.approx(1 / 3))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert len(told) == 1 + 2 * 4


def test_models_that_a_trial_leaves_alone_are_fitted_once(tmp_path: Path) -> None:
    given = TrainingConfig(name="x")
    deeper = msgspec.structs.replace(given, xgboost=BoostingParams(depth=4))
    other = msgspec.structs.replace(given, label=LabelParams(kind="cost_band"))
    weighted = msgspec.structs.replace(given, ensemble=EnsembleParams(lstm=0.1))
    everything = {"linear", "random_forest", "xgboost", "lstm"}
    assert unchanged_models(given, given) == unchanged_models(weighted, given) == everything
    assert unchanged_models(deeper, given) == everything - {"xgboost"}
    assert unchanged_models(other, given) == set()

    fitted: list[str] = []

    def fit(name: str, config: TrainingConfig, fold: int) -> float:
        def compute() -> Arrays:
            fitted.append(f"{name} {fold}")
            return {"a": np.array([float(len(fitted))])}

        models = SharedModels(tmp_path, fold, unchanged_models(config, given))
        return float(models.run(name, compute)["a"][0])

    assert [fit("xgboost", given, 0), fit("lstm", given, 0), fit("lstm", given, 1)] == [1, 2, 3]
    assert [fit("xgboost", deeper, 0), fit("lstm", deeper, 0)] == [4, 2]
    assert [fit("xgboost", other, 0), fit("lstm", other, 1)] == [5, 6]
    assert [fit("xgboost", given, 0), fit("lstm", given, 1)] == [1, 3]  # the given ones are kept


def test_a_dial_that_does_nothing_is_not_turned() -> None:
    space = chosen_dials(training_space(TrainingConfig(name="x")), ["label"])
    for kind, turned in (
        ("horizon", []),
        ("cost_band", ["label.band_bps"]),
        ("triple_barrier", ["label.width"]),
    ):
        values = {"label.kind": kind, "label.band_bps": 0.1, "label.width": 1.0}
        proposed = propose(FixedTrial(values), space)
        assert list(proposed) == ["label.kind", *turned]
        assert [text.partition("=")[0] for text in overrides(proposed, space)] == list(proposed)


def test_wide_lstms_are_tried_where_there_is_an_accelerator() -> None:
    def widest(device: str) -> int:
        config = TrainingConfig(name="x", lstm=LstmParams(device=device))
        (hidden,) = (dial for dial in training_space(config) if dial.path == "lstm.hidden")
        return max(int(choice) for choice in hidden.choices)

    assert widest("cpu") == 128
    assert widest("cuda") == 512


def test_values_that_no_configuration_takes_are_counted_and_left(tmp_path: Path) -> None:
    def picky(assignments: Sequence[str], on_fold: OnFold) -> None:
        if "a.kind=two" in assignments:
            message = "a.kind = two"
            raise UsageError(message, "take one")
        parabola(assignments, on_fold)

    found = run_study(plan(tmp_path / "journal", 12), picky, nothing)
    assert found.trials == 12
    assert found.refused > 0
    assert all("a.kind=two" not in attempt.overrides for attempt in found.attempts)


def test_a_fault_in_the_baseline_is_raised(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no fold"):
        run_study(plan(tmp_path / "journal", 3), lambda _assignments, _on_fold: None, nothing)


def test_luck_by_hand() -> None:
    # differences 0.01, 0.03, 0.02: mean 0.02, deviation 0.01
    luck = find_luck([0.7, 0.6, 0.8], [0.71, 0.63, 0.82], trials=1)
    assert luck.standard_error == pytest.approx(0.01 / math.sqrt(3))
    assert luck.expected == 0.0  # one trial is no choice
    assert luck.deflated_improvement == pytest.approx(0.02)
    chosen = find_luck([0.7, 0.6, 0.8], [0.71, 0.63, 0.82], trials=100)
    # 2.5306 standard errors: the expected maximum of 100 draws, Bailey and Lopez de Prado's formula
    assert chosen.expected == pytest.approx(2.5306 * 0.01 / math.sqrt(3), rel=1e-3)
    assert chosen.deflated_score == pytest.approx(0.72 - chosen.expected)
    assert chosen.trials_on_data == 100


def test_without_an_improvement_there_is_no_luck_to_take_off() -> None:
    luck = find_luck([0.7, 0.6], [0.7, 0.6], trials=10)
    assert luck.deflated_score is None
    assert find_luck([0.7], [0.8], trials=10).expected is None


def test_weights_are_normalised_and_words_choose() -> None:
    space = chosen_dials(training_space(TrainingConfig(name="x")), ["ensemble"])
    assert [dial.path.partition(".")[0] for dial in space] == ["ensemble"] * 4
    values = dict(zip((dial.path for dial in space), (0.5, 0.25, 0.75, 0.5), strict=True))
    assert overrides(values, space) == [
        "ensemble.logistic=0.25",
        "ensemble.random_forest=0.125",
        "ensemble.lstm=0.375",
        "ensemble.xgboost=0.25",
    ]
    with pytest.raises(UsageError, match="--only moon"):
        chosen_dials(training_space(TrainingConfig(name="x")), ["moon"])


def test_weights_that_training_learns_are_not_turned() -> None:
    learning = TrainingConfig(name="x", ensemble=EnsembleParams(weighting="learned"))
    assert not [dial.path for dial in training_space(learning) if dial.share]


def test_every_dial_of_a_training_is_a_key_that_training_takes() -> None:
    space = training_space(TrainingConfig(name="x"))
    for end in (0, -1):
        values = {
            dial.path: dial.choices[end] if dial.choices else (dial.low, dial.high)[end]
            for dial in space
        }
        whole = {d.path: round(float(values[d.path])) for d in space if d.whole}
        load_training_config(None, overrides(values | whole, space))


def test_dials_of_a_backtest_follow_the_unit_of_its_thresholds(tmp_path: Path) -> None:
    text = (ROOT / "configs" / "backtest" / "default.toml").read_text().replace("../..", str(ROOT))
    path = tmp_path / "percent.toml"
    path.write_text(
        text.replace(
            'exits = { threshold_unit = "volatility"', 'exits = { threshold_unit = "percent"'
        )
    )
    dials = {dial.path: dial for dial in backtest_space(load_config(path))}
    target = dials["strategies.MeanReversion.config.exits.profit_target"]
    assert (target.low, target.high) == (0.1, 0.5)
    spread = dials["strategies.MarketMaking.config.ladder.spread_target"]
    assert (spread.low, spread.high) == (0.25, 1.0)  # 0.5 standard deviations, halved and doubled
    sure = dials["strategies.MomentumBreakout.config.signal.override_confidence"]
    assert (sure.low, sure.high) == (0.55, 0.70)
    high = {dial.path: dial.high for dial in dials.values()}
    load_config(path, overrides(high, tuple(dials.values())))


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*/*.toml")), ids=str)
def test_toml_reads_back_as_it_was(path: Path) -> None:
    settings = tomllib.loads(path.read_text())
    assert tomllib.loads(to_toml(settings, "two\nlines")) == settings


def test_toml_of_awkward_values() -> None:
    settings = {"a b": 'quote " and \\', "list": [1, [2.5, True]], "small": 1e-07}
    assert tomllib.loads(to_toml(settings)) == settings
