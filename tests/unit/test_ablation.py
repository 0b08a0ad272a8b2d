"""The ablation: what is joined as shipped is what is shipped, and differences are paired."""

from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.ablate_learning import BASE
from benchmarks.ablate_learning import Fit
from benchmarks.ablate_learning import TreesOf
from benchmarks.ablate_learning import fitted
from benchmarks.ablation_joins import Join
from benchmarks.ablation_joins import publish
from benchmarks.ablation_table import MAIN_MS
from benchmarks.ablation_table import Said
from benchmarks.ablation_table import area
from benchmarks.ablation_table import compared
from nautilus_scalp.data.synthetic.events import synthetic_tape
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.training.config import BoostingParams
from nautilus_scalp.training.config import ForestParams
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.folds import Fold
from nautilus_scalp.training.frame import build_frame
from nautilus_scalp.training.pipeline import fit_ensemble
from nautilus_scalp.training.score import horizon_probabilities
from nautilus_scalp.training.splits import Split
from nautilus_scalp.training.stages import Arrays
from nautilus_scalp.training.stages import Stages


AREA = partial(area, horizon_ms=MAIN_MS)
SECOND = 1_000_000_000
replace = msgspec.structs.replace
SMALL = replace(
    BASE,
    random_forest=ForestParams(trees=5, depth=4),
    xgboost=BoostingParams(trees=5, depth=2),
    lstm=LstmParams(hidden=4, head=4, epochs=1),
)


def said(odds: list[float], moves: list[float], first_row: int = 0) -> Said:
    """Return forecasts with the given direction odds, five seconds apart."""
    up = 0.5 / (1.0 + np.exp(-np.array(odds)))
    probabilities = np.column_stack((0.5 - up, np.full(len(odds), 0.5), up))
    rows = first_row + np.arange(len(odds))
    return Said(
        ts_event_ns=rows * 5 * SECOND,
        rows=rows,
        probabilities={MAIN_MS: probabilities},
        move_bps={MAIN_MS: np.array(moves)},
        imbalance=np.zeros(len(odds)),
    )


def test_a_difference_is_weighed_by_moves_over_the_rows_that_both_have() -> None:
    moves = [1.0, -1.0, 1.0, -1.0] * 20
    right, wrong = [2.0, -2.0, 2.0, -2.0] * 20, [-2.0, 2.0, -2.0, 2.0] * 20
    half = [2.0, -2.0, -2.0, 2.0] * 10  # AUC one half over forty moves
    base = {("a", "one", 0): said(right, moves), ("a", "two", 0): said(right[:40], moves[:40])}
    other = {
        ("a", "one", 0): said(right[1:], moves[1:], first_row=1),  # its features warm up later
        ("a", "two", 0): said(half, moves[:40]),
        ("b", "one", 0): said(wrong, moves),  # of another kind: not asked for
    }
    told = compared(other, base, AREA, AREA, "a")
    assert told.startswith(f"{-0.5 * 40 / (79 + 40):+.4f} (")
    assert compared(base, base, AREA, None, "a") == "1.0000 (1.0000, 1.0000)"


def test_a_fold_that_moves_one_way_is_left_out() -> None:
    moves = [1.0, -1.0] * 40
    one = {("a", "one", 0): said([2.0, -2.0] * 40, moves)}
    flat = {("a", "up", 0): said([1.0] * 8, [1.0] * 8)}
    assert compared(one | flat, one | flat, AREA, None, "a").startswith("1.0000")
    assert not compared(flat, flat, AREA, None, "a")
    assert not compared(one, one, AREA, None, "b")


def test_joined_as_shipped_is_what_is_shipped(tmp_path: Path) -> None:
    """Fitted to the same rows, the training publishes the same probabilities."""
    tape = synthetic_tape(SyntheticParams(seed=3, hours=0.03, edge=0.9))
    frame = build_frame(tape, SMALL)
    everything = np.ones_like(frame.usable)
    fold = Fold(name="all", split=Split(train=everything, holdout=everything))
    part = fitted(frame, fold, Fit(config=SMALL), Stages(tmp_path))
    shipped = fit_ensemble(tape, SMALL, "all", {}, lambda _stage, _fraction: None)
    matrix = part.dataset.matrix
    expected = horizon_probabilities(shipped, matrix, shipped.predict_matrix(matrix), MAIN_MS)
    (ours,) = publish(part, Join()).values()
    # `log_scores` floors what a model says at 1e-6, the compiled models do not
    np.testing.assert_allclose(ours.probabilities[MAIN_MS], expected[ours.rows], atol=1e-5)
    (untilted,) = publish(part, Join(hints=0)).values()
    assert not np.allclose(untilted.probabilities[MAIN_MS], ours.probabilities[MAIN_MS])


def test_trees_are_those_of_the_other_stages(tmp_path: Path) -> None:
    def made(value: float) -> Arrays:
        return {"x": np.array([value])}

    shipped = Stages(tmp_path / "shipped")
    beside = TreesOf(tmp_path / "own", shipped)
    for name in ("xgboost", "linear"):
        shipped.inner("whole").run(name, lambda: made(1.0))
    inner = beside.inner("whole")
    assert inner.run("xgboost", lambda: made(2.0))["x"].tolist() == [1.0]
    assert inner.run("linear", lambda: made(2.0))["x"].tolist() == [2.0]
