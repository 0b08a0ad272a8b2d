"""No scheme lets a training label come within the embargo of a test label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.training.folds import WalkForwardParams
from nautilus_scalp.training.folds import make_folds
from nautilus_scalp.training.labels import NS_PER_MS


SCHEMES = ("expanding", "rolling", "kfold", "recordings", "instruments")


@settings(max_examples=150)
@given(
    steps=st.lists(st.integers(0, 3000) | st.just(4_000_000), min_size=2, max_size=60),
    lengths=st.lists(st.integers(1, 2500), min_size=60, max_size=60),
    embargo_ms=st.integers(0, 3000),
    scheme=st.sampled_from(SCHEMES),
    folds=st.integers(2, 5),
    train_parts=st.integers(1, 3),
)
def test_train_and_test_keep_the_embargo(
    steps: list[int],
    lengths: list[int],
    embargo_ms: int,
    scheme: str,
    folds: int,
    train_parts: int,
) -> None:
    ts = np.cumsum(steps) * NS_PER_MS
    end = ts + np.array(lengths[: len(ts)]) * NS_PER_MS  # barriers end when they are touched
    instrument = np.arange(len(ts)) % 2
    params = WalkForwardParams(scheme=scheme, folds=folds, train_parts=train_parts)
    try:
        found = make_folds(ts, end, instrument, params, embargo_ms)
    except InputError:
        return  # too little data: refused, which is sound
    for fold in found:
        train, test = np.flatnonzero(fold.split.train), np.flatnonzero(fold.split.holdout)
        assert len(train)
        assert len(test)
        apart = np.maximum(ts[test] - end[train][:, None], ts[train][:, None] - end[test])
        assert (apart > embargo_ms * NS_PER_MS).all()
        if scheme in {"expanding", "rolling", "instruments"}:
            assert ts[train].max() < ts[test].min()
        if scheme == "instruments":
            assert not set(instrument[train]) & set(instrument[test])


def test_the_parts_share_the_recorded_time_not_the_pauses() -> None:
    one = np.arange(0, 100_000, 1000)
    ts = np.concatenate((one, one + 400_000_000)) * NS_PER_MS
    end = ts + 500 * NS_PER_MS
    which = np.zeros(200, np.int64)
    expanding = make_folds(ts, end, which, WalkForwardParams(folds=3), 0)
    # 198 s in four parts: each test is a quarter, and the second recording begins with part 3
    assert [int(fold.split.holdout.sum()) for fold in expanding] == [50, 50, 50]
    assert [int(fold.split.train.sum()) for fold in expanding] == [50, 100, 150]
    params = WalkForwardParams(scheme="rolling", folds=3)
    rolling = make_folds(ts, end, which, params, 0)
    assert [int(fold.split.train.sum()) for fold in rolling] == [50, 50, 50]
    recordings = make_folds(ts, end, which, WalkForwardParams(scheme="recordings"), 0)
    assert [int(fold.split.holdout.sum()) for fold in recordings] == [100, 100]


def test_purging_shows_in_kfold() -> None:
    ts = np.arange(20) * 1000 * NS_PER_MS
    params = WalkForwardParams(scheme="kfold", folds=4)
    (_, second, *_) = make_folds(ts, ts + 1500 * NS_PER_MS, np.zeros(20, np.int64), params, 1000)
    assert np.flatnonzero(second.split.holdout).tolist() == [5, 6, 7, 8, 9]
    # 2 ends at 3.5 s, more than 1 s before 5 s; 9 ends at 10.5 s, so 12 is the first one free
    assert np.flatnonzero(second.split.train).tolist() == [0, 1, 2, *range(12, 20)]


def test_impossible_folds_are_refused() -> None:
    ts = np.arange(3) * NS_PER_MS
    with pytest.raises(InputError, match="'recordings' leaves no fold"):
        make_folds(ts, ts + 1, np.zeros(3, np.int64), WalkForwardParams(scheme="recordings"), 0)
    with pytest.raises(UsageError, match=r"walk_forward\.folds"):
        WalkForwardParams(scheme="kfold", folds=1)
