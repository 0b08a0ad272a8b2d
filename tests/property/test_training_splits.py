"""Label intervals of what is fitted on and what is held out never come near each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import ScalpError
from nautilus_scalp.training.labels import NS_PER_MS
from nautilus_scalp.training.splits import RECORDING_GAP_NS
from nautilus_scalp.training.splits import Split
from nautilus_scalp.training.splits import holdout_tail
from nautilus_scalp.training.splits import recordings
from nautilus_scalp.training.splits import require_disjoint


@settings(max_examples=150)
@given(
    steps=st.lists(st.integers(0, 3000) | st.just(4_000_000), min_size=2, max_size=60),
    horizon_ms=st.integers(1, 2000),
    embargo_ms=st.integers(0, 3000),
    fraction=st.floats(0.05, 0.95),
)
def test_every_pair_of_intervals_keeps_the_embargo(
    steps: list[int], horizon_ms: int, embargo_ms: int, fraction: float
) -> None:
    ts = np.cumsum(steps) * NS_PER_MS
    end = ts + horizon_ms * NS_PER_MS
    try:
        split = holdout_tail(ts, end, fraction, embargo_ms)
    except InputError:
        return  # too little data: refused, which is sound
    assert not (split.train & split.holdout).any()
    for i in np.flatnonzero(split.train):
        for j in np.flatnonzero(split.holdout):
            distance = max(ts[j] - end[i], ts[i] - end[j])
            assert distance > embargo_ms * NS_PER_MS


def test_the_tail_of_every_recording_is_held_out() -> None:
    one = np.arange(0, 100_000, 1000)
    ts = np.concatenate((one, one + RECORDING_GAP_NS // NS_PER_MS + 200_000)) * NS_PER_MS
    split = holdout_tail(ts, ts + 500 * NS_PER_MS, 0.2, 2000)
    # 99 s long: held out from 79.2 s on; fitted on while 500 + 2000 ms fit before that
    assert np.flatnonzero(split.holdout[:100]).tolist() == list(range(80, 100))
    assert np.flatnonzero(split.train[:100]).tolist() == list(range(77))
    assert np.flatnonzero(split.holdout[100:]).tolist() == list(range(80, 100))
    assert len(recordings(ts)) == 2


def test_a_split_that_touches_is_refused() -> None:
    ts = np.arange(10) * 1000 * NS_PER_MS
    end = ts + 500 * NS_PER_MS
    train = np.arange(10) < 5
    require_disjoint(ts, end, Split(train=train, holdout=~train), 400)
    with pytest.raises(ScalpError, match="within 600 ms of a training label"):
        require_disjoint(ts, end, Split(train=train, holdout=~train), 600)
    inside = np.arange(10) == 3  # a held-out row between training rows
    around = np.arange(10) != 3
    with pytest.raises(ScalpError):
        require_disjoint(ts, end, Split(train=around, holdout=inside), 600)


def test_too_little_data_is_refused() -> None:
    ts = np.arange(3) * NS_PER_MS
    with pytest.raises(InputError, match="too little data"):
        holdout_tail(ts, ts + 500 * NS_PER_MS, 0.2, 0)
