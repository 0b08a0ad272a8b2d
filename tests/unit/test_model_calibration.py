"""Calibration brings probabilities back to frequencies, and only that."""

import numpy as np
import numpy.typing as npt

from nautilus_scalp.models.calibration import DIRECTION_GAIN
from nautilus_scalp.models.calibration import EATEN_GAIN
from nautilus_scalp.models.calibration import FRESH_GAIN
from nautilus_scalp.models.calibration import GAP_GAIN
from nautilus_scalp.models.calibration import IDENTITY
from nautilus_scalp.models.calibration import MOVE_GAIN
from nautilus_scalp.models.calibration import NO_HINTS
from nautilus_scalp.models.calibration import PULL_GAIN
from nautilus_scalp.models.calibration import TILT_GAIN
from nautilus_scalp.models.calibration import calibrate
from nautilus_scalp.models.calibration import calibrate_rows
from nautilus_scalp.models.calibration import fit_calibration
from nautilus_scalp.models.calibration import fit_gains
from nautilus_scalp.models.calibration import hint_columns
from nautilus_scalp.models.calibration import hint_rows
from nautilus_scalp.models.calibration import hints
from nautilus_scalp.models.calibration import log_odds_rows
from nautilus_scalp.models.calibration import tilt
from nautilus_scalp.training.fit_ensemble import DIRECTION_PRIOR
from nautilus_scalp.training.fit_ensemble import Outcome
from nautilus_scalp.training.fit_ensemble import call_threshold
from nautilus_scalp.training.fit_ensemble import fit_head
from nautilus_scalp.training.fit_ensemble import fit_pooling


HINTS = len(NO_HINTS)


def _forecasts(seed: int, rows: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.6, 1.5, 0.6], rows)
    label = (rng.random(rows)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, label


def test_the_identity_gives_probabilities_back() -> None:
    probabilities, _ = _forecasts(1, 20)
    out = calibrate_rows(np.log(probabilities), np.array(IDENTITY), np.ones((20, HINTS)))
    np.testing.assert_allclose(out, probabilities, rtol=1e-12)


def test_by_hand() -> None:
    out = np.empty(3)
    scores = np.log(np.array([0.1, 0.5, 0.4]))
    plain = np.array([2.0, np.log(3.0), 9.0, 9.0, 9.0, 0.5, 9.0, 9.0])
    calibrate(scores, plain, NO_HINTS, out)
    # moves: odds 1, squared, times 3 -> 3/4; up against down: odds 4 to the half -> 2/3
    np.testing.assert_allclose(out, [0.25, 0.25, 0.5])
    hinted = np.array([2.0, np.log(3.0), 2.0, 3.0, 4.0, 0.5, 1.0, 2.0])
    calibrate(scores, hinted, (-0.5, 1.0, 0.25, 0.0, 0.0), out)
    # a gap: move odds times e^2; tilt and pull take each other back
    np.testing.assert_allclose(out[1], 1.0 / (1.0 + 3.0 * np.exp(2.0)))
    np.testing.assert_allclose(out[2] / out[0], 2.0)
    calibrate(scores, hinted, (0.0, 0.0, 0.0, 0.5, 0.25), out)
    # a fresh move and an eaten queue: move odds times e^(3 / 2 + 1), direction as it was
    np.testing.assert_allclose(out[1], 1.0 / (1.0 + 3.0 * np.exp(2.5)))
    np.testing.assert_allclose(out[2] / out[0], 2.0)


def test_hints_by_hand() -> None:
    columns = hint_columns(("last_move.now", "thin_eaten.now", "imbalance.now", "spread.now"))
    assert columns == (2, 3, 0, 1)
    narrow = np.array([-0.8, -0.3, 0.5, 0.0])
    np.testing.assert_allclose(hints(narrow, columns), (np.log(3.0), 0.0, 0.0, 0.8, 0.3))
    wide = np.array([0.8, 0.3, -0.5, np.log(3.0)])
    np.testing.assert_allclose(hints(wide, columns), (-np.log(3.0), 1.0, 0.8 / 2.0, 0.0, 0.0))
    np.testing.assert_array_equal(
        hint_rows(np.vstack((narrow, wide)), columns),
        [hints(narrow, columns), hints(wide, columns)],
    )
    assert hints(wide, hint_columns(("other",))) == NO_HINTS
    assert hints(wide, (-1, 3, -1, -1)) == (0.0, 1.0, 0.0, 0.0, 0.0)
    assert tilt(1.0) == -tilt(-1.0) == 6.0


def test_a_distortion_of_gains_and_prior_is_undone() -> None:
    probabilities, label = _forecasts(2, 40_000)
    bent = np.array([0.5, 1.2, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0])
    scores = calibrate_rows(np.log(probabilities), bent, np.zeros((len(label), HINTS)))
    fitted = fit_calibration(np.log(scores), label)
    np.testing.assert_allclose(fitted, [2.0, -2.4, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0], atol=0.06)


def test_a_trend_in_the_rows_leaves_no_lean() -> None:
    probabilities, label = _forecasts(3, 5_000)
    rising = np.where((label == 0) & (np.arange(5_000) % 2 == 0), 2, label)
    calibration = fit_calibration(np.log(probabilities), rising)
    out = np.empty(3)
    calibrate(np.log(np.array([0.3, 0.4, 0.3])), calibration, NO_HINTS, out)
    assert out[0] == out[2]


def test_an_opinion_is_never_turned_around() -> None:
    probabilities, label = _forecasts(4, 5_000)
    calibration = fit_calibration(np.log(probabilities[:, ::-1]), label)
    assert calibration[DIRECTION_GAIN] == 0.0
    assert calibration[MOVE_GAIN] >= 0.0


def test_one_outcome_alone_stays_finite() -> None:
    probabilities, _ = _forecasts(5, 200)
    assert np.isfinite(fit_calibration(np.log(probabilities), np.ones(200, np.int64))).all()


def test_a_gain_that_would_be_negative_is_dropped_and_the_others_fitted_anew() -> None:
    rng = np.random.default_rng(10)
    inputs = rng.normal(size=(20_000, 2))
    outcome = rng.random(20_000) < 1.0 / (1.0 + np.exp(-(inputs[:, 0] - 0.7 * inputs[:, 1])))
    prior = {"center": (0.0, 0.0), "ridge": (1.0, 1.0)}
    np.testing.assert_allclose(
        fit_gains(inputs, outcome, **prior, free=(1,)), [1.0, -0.7], atol=0.06
    )
    kept = fit_gains(inputs, outcome, **prior, free=())
    assert kept[1] == 0.0
    alone = fit_gains(inputs[:, :1], outcome, center=(0.0,), ridge=(1.0,), free=())
    assert kept[0] == alone[0]


def test_calls_start_where_they_are_right_often_enough() -> None:
    signal = np.tile([0.0, 0.04, 0.96], (400, 1))
    signal[:200] = [0.0, 0.02, 0.98]
    label = np.full(400, 2)
    label[200:220] = 1  # a tenth of the weaker calls is wrong, none of the stronger
    block = np.arange(400) // 4  # a hundred blocks of four calls
    part = np.arange(400) % 2
    # all calls: (20 + 4) / 404 are counted as wrong; the stronger half: 4 / 204
    assert call_threshold(signal, label, block, part, 0.06) == 0.94
    assert call_threshold(signal, label, block, part, 0.05) == 0.97
    # nobody is asked for less than the target promises, however right the calls were
    assert call_threshold(signal - [0.0, -0.2, 0.2], label * 0 + 2, block, part, 0.05) == 0.975
    # the same calls in ten blocks: one of them, wholly wrong, would be 20 of 220
    assert call_threshold(signal, label, np.arange(400) // 20, part, 0.05) == 0.975
    label[:20] = 1  # a tenth of the surest as well
    assert call_threshold(signal, label, block, part, 0.05) == 0.9875
    label[:200] = -1  # nothing known of the stronger ones
    assert call_threshold(signal, label, block, part, 0.05) == 0.975


def test_probabilities_that_break_their_word_are_believed_later() -> None:
    signal = np.tile([0.0, 0.02, 0.98], (40, 1))
    label = np.where(np.arange(40) < 3, 1, 2)
    one = np.zeros(40, np.int64)
    assert call_threshold(signal, label, one, one, 0.05) == 0.9875  # 3 of 40 are wrong
    label[0] = 2
    assert call_threshold(signal, label, one, one, 0.05) == 0.975  # 2 are, in a single block
    assert call_threshold(signal[:19], label[:19] * 0, one[:19], one[:19], 0.05) == 0.975  # few
    certain = np.tile([0.0, 0.0, 1.0], (40, 1))
    assert call_threshold(certain, label * 0, one, one, 0.05) == 1.0


def test_calls_start_where_the_worst_part_is_right_often_enough() -> None:
    signal = np.tile([0.0, 0.08, 0.92], (400, 1))
    signal[:200] = [0.0, 0.04, 0.96]
    label = np.full(400, 2)
    label[381:] = 1  # wrong are 19 of 119 weak calls of a part, and less than a tenth of all
    block, whole = np.arange(400) // 4, np.zeros(400, np.int64)
    part = np.where(np.arange(400) >= 281, 1, 0)
    assert call_threshold(signal, label, block, whole, 0.10) == 0.9
    assert call_threshold(signal, label, block, part, 0.10) == 0.93
    few = np.where(np.arange(400) >= 381, 1, 0)  # 19 calls, however wrong, say nothing
    assert call_threshold(signal, label, block, few, 0.10) == 0.9


def test_pooling_of_honest_models_changes_little() -> None:
    probabilities, label = _forecasts(6, 20_000)
    per_model = np.stack([probabilities] * 4)
    weights = np.array([0.1, 0.3, 0.4, 0.2])
    known = Outcome(label=label, share=1.0)
    pooling = fit_pooling(per_model, weights, np.zeros((len(label), HINTS)), known, {500: known})
    np.testing.assert_allclose(pooling.pooled, probabilities, atol=0.02)
    np.testing.assert_allclose(pooling.calibration[:4], np.tile(IDENTITY, (4, 1)), atol=0.06)
    np.testing.assert_array_equal(pooling.calibration[4], pooling.horizons[500])
    told = pooling.horizons[500].copy()
    told[TILT_GAIN] = 0.0  # there are no queues
    np.testing.assert_allclose(told, IDENTITY, atol=0.06)


def _queues(rows: int, against: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return hints whose tilt tells the direction, and labels."""
    rng = np.random.default_rng(8)
    hint = np.zeros((rows, HINTS))
    hint[:, 0] = rng.normal(size=rows)
    up = rng.random(rows) < 1.0 / (1.0 + np.exp(-0.8 * against * hint[:, 0]))
    return hint, np.where(up, 2, 0)


def test_the_direction_leans_on_the_queues_where_they_know_more() -> None:
    hint, label = _queues(40_000, 1.0)
    blind = log_odds_rows(np.log(np.random.default_rng(9).dirichlet([1.0, 1.0, 1.0], 40_000)))
    fitted = fit_head(blind, hint, Outcome(label=label, share=1.0))
    np.testing.assert_allclose(fitted[DIRECTION_GAIN:], [0.0, 0.8, 0.0], atol=0.04)
    hint, label = _queues(40_000, -1.0)
    against = fit_head(blind, hint, Outcome(label=label, share=1.0))
    np.testing.assert_array_equal(against[TILT_GAIN:], 0.0)


def test_a_few_observations_leave_models_and_queues_their_say_and_many_decide() -> None:
    probabilities, label = _forecasts(11, 20_000)
    odds = log_odds_rows(np.log(probabilities))
    hint = np.zeros((20_000, HINTS))
    hint[:, 0] = np.random.default_rng(12).normal(size=20_000)  # tells nothing here

    def fitted(share: float) -> npt.NDArray[np.float64]:
        return fit_head(odds, hint, Outcome(label=label, share=share))[DIRECTION_GAIN:]

    np.testing.assert_allclose(fitted(1.0), [1.0, 0.0, 0.0], atol=0.06)
    np.testing.assert_allclose(fitted(1e-6), DIRECTION_PRIOR, atol=1e-3)
    between = fitted(0.02)  # 400 observations
    assert DIRECTION_PRIOR[0] < between[0] < 1.0
    assert 0.0 < between[1] < DIRECTION_PRIOR[1]


def test_a_gap_between_the_best_prices_is_a_move_and_its_pull_a_direction() -> None:
    rng = np.random.default_rng(13)
    probabilities, label = _forecasts(13, 40_000)
    hint = np.zeros((40_000, HINTS))
    hint[:2_000, 1] = 1.0
    hint[:2_000, 2] = rng.choice((-1.0, 1.0), 2_000)
    label[:2_000] = np.where(rng.random(2_000) < 0.95, 1 + hint[:2_000, 2], 1 - hint[:2_000, 2])
    odds = log_odds_rows(np.log(probabilities))
    out = fit_head(odds, hint, Outcome(label=label, share=1.0))
    assert out[GAP_GAIN] > 5.0  # all of them moved
    assert out[PULL_GAIN] > 2.5  # e^3 is about 19 to 1
    doubtful = fit_head(odds, hint, Outcome(label=label, share=0.001))
    assert 0.0 < doubtful[GAP_GAIN] < out[GAP_GAIN]  # of so few observations the prior keeps more


def test_fresh_moves_and_eaten_queues_tell_of_moves_not_of_their_direction() -> None:
    rng = np.random.default_rng(15)
    hint = np.zeros((40_000, HINTS))
    hint[:, 3] = rng.random(40_000)
    hint[:, 4] = rng.exponential(size=40_000)
    moved = rng.random(40_000) < 1.0 / (1.0 + np.exp(1.0 - hint[:, 3] - 0.5 * hint[:, 4]))
    label = np.where(moved, rng.choice((0, 2), 40_000), 1)
    blind = np.zeros((40_000, 2))
    fitted = fit_head(blind, hint, Outcome(label=label, share=1.0))
    np.testing.assert_allclose(fitted, [1.0, -1.0, 0.0, 1.0, 0.5, *DIRECTION_PRIOR], atol=0.08)
    still = np.where(moved, 1, label)  # what would turn a hint around is left out
    against = fit_head(blind, hint, Outcome(label=still, share=1.0))
    assert (against[FRESH_GAIN : EATEN_GAIN + 1] == 0.0).all()


def test_rows_without_a_label_say_nothing() -> None:
    probabilities, label = _forecasts(14, 5_000)
    odds = log_odds_rows(np.log(probabilities))
    hint = np.zeros((5_000, HINTS))
    some = np.where(np.arange(5_000) < 3_000, label, -1)
    np.testing.assert_allclose(
        fit_head(odds, hint, Outcome(label=some, share=0.5)),
        fit_head(odds[:3_000], hint[:3_000], Outcome(label=label[:3_000], share=0.5)),
    )
