"""The way of a tick to its order as a table, and what a queue does with ticks in bursts."""

from typing import Any

import numpy as np
import numpy.typing as npt


PERCENTILES = (50, 90, 99)
# Where a stretch ends, who goes it, and what happens on it.
STRETCHES = (
    ("thread", "Nautilus", "from the exchange's socket to Nautilus's socket thread"),
    ("loop", "Nautilus", "from there to the event loop"),
    ("decoded", "Nautilus", "frame decoded, quote made"),
    ("entered", "Nautilus", "through the data engine to the first handler"),
    ("signal", "ours", "indicators, four models, signal at the strategy"),
    ("made", "strategy", "strategy makes an order"),
    ("risk", "Nautilus", "order noted and published"),
    ("execution", "Nautilus", "through the risk engine"),
    ("client", "Nautilus", "through the execution engine"),
    ("request", "Nautilus", "venue's client: event, parameters, signature"),
    ("handed", "Nautilus", "request given to the socket threads"),
    ("arrived", "Nautilus", "from there to the exchange's socket"),
)
GOAL_WHOLE_MS, GOAL_OURS_MS, GOAL_RATE = 2.0, 0.1, 5_000.0

type Stamps = dict[str, dict[str, int]]
type Float64 = npt.NDArray[np.float64]


def path_us(reactions: list[dict[str, Any]], stamps: Stamps) -> Float64:
    """Return microseconds by answered tick and stretch, of orders that were clocked all the way."""
    rows = []
    for one in reactions:
        passed = stamps.get(one["client_id"], {}) | {"arrived": one["arrived_ns"]}
        if all(name in passed for name, _who, _what in STRETCHES):
            rows.append([one["sent_ns"], *(passed[name] for name, _who, _what in STRETCHES)])
    return np.diff(np.array(rows, dtype=np.float64).reshape(-1, len(STRETCHES) + 1)) / 1e3


def path_table(taken_us: Float64) -> list[str]:
    """Return the lines of the table."""
    lines = [f"{len(taken_us)} orders, microseconds{'p50':>48}{'p90':>9}{'p99':>9}"]
    parts = [(f"{who:<9}{what}", taken_us[:, i]) for i, (_n, who, what) in enumerate(STRETCHES)]
    for who in ("Nautilus", "strategy", "ours"):
        columns = [i for i, stretch in enumerate(STRETCHES) if stretch[1] == who]
        parts.append((f"together {who}", taken_us[:, columns].sum(axis=1)))
    parts.append(("together, socket to socket", taken_us.sum(axis=1)))
    for words, values in parts:
        shown = "".join(f"{value:9.0f}" for value in np.percentile(values, PERCENTILES))
        lines.append(f"{words:<64}{shown}")
    return lines


def verdicts(taken_us: Float64, ticks_a_second: float) -> list[str]:
    """Return one line for every goal."""
    whole_ms = float(np.median(taken_us.sum(axis=1))) / 1e3
    ours = [who for _name, who, _what in STRETCHES].index("ours")
    ours_ms = float(np.median(taken_us[:, ours])) / 1e3
    rows = (
        ("tick to order p50", whole_ms, "ms", GOAL_WHOLE_MS, whole_ms <= GOAL_WHOLE_MS),
        ("ours of it p50", ours_ms, "ms", GOAL_OURS_MS, ours_ms <= GOAL_OURS_MS),
        ("ticks sustained", ticks_a_second, "/s", GOAL_RATE, ticks_a_second >= GOAL_RATE),
    )
    return [
        f"{words:<20}{value:9.2f} {unit:<3} goal {goal:g}: {'met' if met else 'not in this run'}"
        for words, value, unit, goal, met in rows
    ]


def queue_waits_us(due_s: Float64, service_us: float) -> Float64:
    """Return how long ticks wait for a server that takes each in turn (Lindley's recursion).

    Parameters
    ----------
    due_s : float64[n]
        When they come.
    service_us : float
        What each takes.

    Returns
    -------
    float64[n]
        ``W[k] = max(W[k-1] + S - (T[k] - T[k-1]), 0)``.

    """
    slack = service_us - np.diff(due_s, prepend=due_s[0]) * 1e6
    slack[0] = 0.0
    total = np.cumsum(slack)
    return np.asarray(total - np.minimum(np.minimum.accumulate(total), 0.0))
