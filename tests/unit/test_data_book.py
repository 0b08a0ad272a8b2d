"""The book's continuity rule and its samples, on hand-made messages."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.book import ACCEPTED
from nautilus_scalp.data.book import Book
from nautilus_scalp.data.book import BookState
from nautilus_scalp.data.rows import ASK
from nautilus_scalp.data.rows import BID
from nautilus_scalp.data.rows import DEPTH_DTYPE
from nautilus_scalp.data.rows import LEVEL_DTYPE
from nautilus_scalp.data.rows import REASONS
from nautilus_scalp.data.rows import Rows


MS = 1_000_000
FULL = [(BID, 100 - k, 5) for k in range(10)] + [(ASK, 101 + k, 7) for k in range(10)]


type Message = tuple[Any, ...]


def messages(*items: Message) -> tuple[Rows, Rows]:
    """Return depth rows and levels of ``(u, prev_u, t_ms, levels[, snapshot])``."""
    rows = np.zeros(len(items), DEPTH_DTYPE)
    levels = []
    for row, (u, prev_u, t_ms, changes, *snapshot) in zip(rows, items, strict=True):
        row["u"], row["prev_u"], row["t_ns"], row["top"] = u, prev_u, t_ms * MS, -1
        row["snapshot"] = row["clear"] = bool(snapshot)
        row["start"] = len(levels)
        levels += changes
        row["stop"] = len(levels)
    return rows, np.array(levels, LEVEL_DTYPE)


def book(state: BookState | None = None) -> Book:
    """Return a book that is sampled every 100 ms."""
    return Book(100 * MS, 60_000 * MS, state)


def verdicts(codes: npt.NDArray[np.uint8]) -> list[str]:
    """Return the names of the verdicts."""
    return ["ok" if code == ACCEPTED else REASONS[code] for code in codes]


def test_diffs_wait_for_a_snapshot_and_the_first_one_reaches_over_it() -> None:
    rows, levels = messages(
        (5, 4, 1, [(BID, 99, 1)]),
        (10, 10, 2, FULL, True),
        (12, 8, 3, [(BID, 100, 9)]),  # began before the snapshot, ends after it
        (13, 12, 4, [(ASK, 101, 0)]),
    )
    codes, tops = book().replay(rows, levels)
    assert verdicts(codes) == ["depth_before_snapshot", "ok", "ok", "ok"]
    assert tops[0, 0].tolist() == [100, 99, 98, 97, 96, 95, 94, 93, 92, 91]
    assert tops[0, 1].tolist() == [101, 102, 103, 104, 105, 106, 107, 108, 109, 110]
    assert tops[0, 2].tolist() == [5] * 10


def test_lost_message_empties_the_book_until_the_next_snapshot() -> None:
    rows, levels = messages(
        (10, 10, 1, FULL, True),
        (12, 10, 2, [(BID, 100, 9)]),
        (20, 15, 3, [(BID, 100, 8)]),  # 13..15 are missing
        (21, 20, 4, [(BID, 100, 7)]),
        (30, 30, 5, FULL, True),
        (31, 30, 6, [(BID, 100, 6)]),
    )
    codes, _ = book().replay(rows, levels)
    assert verdicts(codes) == ["ok", "ok", "depth_gap", "depth_after_gap", "ok", "ok"]
    assert rows["gap"].tolist() == [False, False, True, False, False, False]
    assert rows["clear"].tolist() == [True, False, True, False, True, False]
    assert rows["stop"][2] == rows["start"][2]


def test_silence_of_the_recording_is_no_lost_message() -> None:
    rows, levels = messages(
        (10, 10, 1, FULL, True),
        (20, 15, 70_000, [(BID, 100, 8)]),
        (21, 20, 70_001, [(BID, 100, 8)]),
    )
    codes, _ = book().replay(rows, levels)
    assert verdicts(codes) == ["ok", "depth_before_snapshot", "depth_before_snapshot"]
    assert rows["gap"].tolist() == [False, False, False]
    assert rows["clear"].tolist() == [True, True, False]  # nobody goes on with the old book


def test_snapshot_older_than_the_book_is_refused() -> None:
    rows, levels = messages(
        (10, 10, 1, FULL, True), (12, 10, 2, [(BID, 100, 9)]), (11, 11, 3, FULL, True)
    )
    assert verdicts(book().replay(rows, levels)[0]) == ["ok", "ok", "stale_snapshot"]


def test_one_sample_in_each_interval_after_its_first_message() -> None:
    rows, levels = messages(
        (10, 10, 99, FULL, True),
        (11, 10, 100, [(BID, 100, 2)]),
        (12, 11, 199, [(BID, 100, 3)]),
        (13, 12, 200, [(BID, 100, 4)]),
    )
    _, tops = book().replay(rows, levels)
    assert rows["top"].tolist() == [0, 1, -1, 2]
    assert tops[:, 2, 0].tolist() == [5, 2, 4]


def test_thin_or_crossed_books_are_not_sampled() -> None:
    thin = [(BID, 100, 5), (ASK, 101, 7)]
    rows, levels = messages(
        (10, 10, 1, thin, True), (20, 20, 200, FULL, True), (21, 20, 400, [(ASK, 99, 1)])
    )
    sampled = book()
    _, tops = sampled.replay(rows, levels)
    assert len(tops) == 1
    assert rows["top"].tolist() == [-1, 0, -1]
    assert sampled.crossed == 1


def test_saved_book_goes_on() -> None:
    first, levels = messages((10, 10, 1, FULL, True), (11, 10, 2, [(BID, 100, 0)]))
    before = book()
    before.replay(first, levels)
    after = book(before.state())
    rows, levels = messages((12, 11, 300, [(BID, 90, 4)]))
    codes, tops = after.replay(rows, levels)
    assert verdicts(codes) == ["ok"]
    assert tops[0, 0].tolist() == [99, 98, 97, 96, 95, 94, 93, 92, 91, 90]
    assert tops[0, 2].tolist() == [5] * 9 + [4]


def test_book_equals_a_dictionary_over_random_messages() -> None:
    rng = np.random.default_rng(7)
    items = [(1, 1, 0, FULL, True)]
    reference = {BID: {p: q for s, p, q in FULL if s == BID}}
    reference[ASK] = {p: q for s, p, q in FULL if s == ASK}
    for u in range(2, 3000):
        side = int(rng.integers(1, 3))
        price = int(rng.integers(1, 101) if side == BID else rng.integers(101, 200))
        size = int(rng.integers(0, 3))
        items.append((u, u - 1, u * 1000, [(side, price, size)]))
        reference[side][price] = size
    rows, levels = messages(*items)
    kept = book()
    kept.replay(rows, levels)
    state = kept.state()
    assert state.bids == sorted((p, q) for p, q in reference[BID].items() if q)
    assert state.asks == sorted(((p, q) for p, q in reference[ASK].items() if q), reverse=True)
