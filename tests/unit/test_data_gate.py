"""Which rows are duplicates, out of order, late or without a time."""

import numpy as np

from nautilus_scalp.data.gate import ExchangeClock
from nautilus_scalp.data.gate import LaneClock
from nautilus_scalp.data.gate import StreamGate
from nautilus_scalp.data.gate import StreamState
from nautilus_scalp.data.rows import DEPTH_DTYPE
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import REASONS
from nautilus_scalp.data.rows import Rows


MS = 1_000_000
START = 1_700_000_000_000


def quotes(*pairs: tuple[int, int]) -> Rows:
    """Return quote rows of ``(u, milliseconds after START)``."""
    rows = np.zeros(len(pairs), QUOTE_DTYPE)
    rows["line"] = np.arange(1, len(pairs) + 1)
    rows["u"] = [u for u, _ in pairs]
    rows["t_ns"] = [(START + ms) * MS for _, ms in pairs]
    rows["sent_ns"] = rows["t_ns"]
    return rows


def reasons(rejected: list[Rows]) -> dict[int, str]:
    """Return the reason of every rejected line."""
    joined = np.concatenate(rejected)
    return {int(row["line"]): REASONS[row["reason"]] for row in joined}


def test_repeated_number_is_a_duplicate_and_an_older_one_out_of_order() -> None:
    gate = StreamGate(StreamState())
    accepted, rejected = gate.admit(quotes((5, 0), (7, 1), (7, 1), (6, 1), (5, 2), (8, 2)))
    assert accepted.tolist() == [True, True, False, False, False, True]
    assert reasons(rejected) == {3: "duplicate", 4: "out_of_order", 5: "duplicate"}


def test_duplicates_are_known_over_blocks() -> None:
    gate = StreamGate(StreamState())
    gate.admit(quotes((5, 0), (7, 1)))
    accepted, rejected = gate.admit(quotes((5, 0), (6, 1), (9, 3)))
    assert accepted.tolist() == [False, False, True]
    assert reasons(rejected) == {1: "duplicate", 2: "out_of_order"}


def test_what_an_earlier_import_had_is_a_duplicate() -> None:
    gate = StreamGate(StreamState(last_u=7, last_t_ns=(START + 1) * MS))
    accepted, rejected = gate.admit(quotes((6, 0), (7, 1), (8, 1)))
    assert accepted.tolist() == [False, False, True]
    assert reasons(rejected) == {1: "duplicate", 2: "duplicate"}


def test_event_time_must_not_go_back() -> None:
    accepted, rejected = StreamGate(StreamState()).admit(quotes((1, 5), (2, 4), (3, 5)))
    assert accepted.tolist() == [True, False, True]
    assert reasons(rejected) == {2: "out_of_order"}


def test_impossible_time_does_not_block_what_follows() -> None:
    rows = quotes((1, 0), (2, 10**9), (3, 1))
    rows["sent_ns"][1] = START * MS
    accepted, rejected = StreamGate(StreamState()).admit(rows)
    assert accepted.tolist() == [True, False, True]
    assert reasons(rejected) == {2: "implausible_time"}


def test_missing_numbers_are_counted_but_not_over_a_silence() -> None:
    gate = StreamGate(StreamState())
    gate.admit(quotes((10, 0), (13, 1)), consecutive=True)
    assert gate.missing == 2
    gate.admit(quotes((14, 2), (900, 100_000), (902, 100_001)), consecutive=True)
    assert gate.missing == 3


def test_late_is_ten_seconds_behind_the_furthest_stream() -> None:
    clock = LaneClock()
    lines = np.array([1, 3, 2])
    times = np.array([20_000, 9_999, 10_000]) * MS
    assert clock.late(lines, times).tolist() == [False, True, False]
    assert clock.late(np.array([4]), np.array([9_000 * MS])).tolist() == [True]


def _timed(*pairs: tuple[int, int]) -> Rows:
    rows = np.zeros(len(pairs), DEPTH_DTYPE)
    rows["line"] = [line for line, _ in pairs]
    rows["sent_ns"] = START * MS
    rows["recv_ns"] = [START * MS + delay * MS for _, delay in pairs]
    return rows


def test_untimed_message_gets_its_arrival_minus_the_median_delay_so_far() -> None:
    untimed = np.zeros(3, QUOTE_DTYPE)
    untimed["line"] = [1, 4, 6]
    untimed["recv_ns"] = np.array([START, START + 1000, START + 1001]) * MS
    clock = ExchangeClock()
    clock.observe([_timed((2, 30), (3, 50), (5, 10))])
    known = clock.stamp(untimed, 0)
    assert known.tolist() == [False, True, True]
    assert untimed["t_ns"].tolist() == [0, (START + 960) * MS, (START + 971) * MS]


def test_clock_uses_nothing_that_arrives_later() -> None:
    early = np.zeros(1, QUOTE_DTYPE)
    early["line"], early["recv_ns"] = 4, (START + 1000) * MS
    late = early.copy()
    for untimed, later in ((early, []), (late, [(5, -900)])):
        clock = ExchangeClock()
        clock.observe([_timed((2, 30), (3, 50), *later)])
        clock.stamp(untimed, 0)
    assert early["t_ns"] == late["t_ns"]


def test_stamped_time_never_goes_back() -> None:
    untimed = np.zeros(2, QUOTE_DTYPE)
    untimed["line"] = [2, 4]
    untimed["recv_ns"] = (START + 100) * MS
    clock = ExchangeClock()
    clock.observe([_timed((1, 10), (3, 90))])
    clock.stamp(untimed, 0)
    assert untimed["t_ns"].tolist() == [(START + 90) * MS] * 2
