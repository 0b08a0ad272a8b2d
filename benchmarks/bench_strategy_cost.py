"""
What a strategy costs with everything that surrounds it, against its bare orders.

Run with ``pytest -n 0 -s benchmarks/bench_strategy_cost.py``. Whole: one strategy of
``configs/backtest/regimes.toml`` as it is shipped, with the file's regime actor (bars of a quarter
of a second), arbiter, portfolio guard with its seven layers, and leverage. Bare: a strategy with
the same subscriptions that sends the same commands at the same moments and does nothing else; see
`benchmarks.bare_replay`. The maker is also run as one that quotes in every regime: then it sends
the most orders. Both play all that the sample catalog holds of BTCUSDT, on the shipped venue.

They take turns in one process and are timed by its processor time. A round's ratio is whole over
bare; printed are the median of all rounds and its 96 % interval, the second and the last but one of
nine. The goal is 1.3. All is measured twice: in an engine as Nautilus makes it, and with the bus of
our own backtests, which makes the bare strategy faster and so the ratio higher. The last test times
the whole review of one order intent; its goal is 10 us.
"""

import sys
import time
from collections.abc import Mapping
from statistics import median

import numpy as np
import pytest
from nautilus_trader.common.actor import Actor

from benchmarks.bare_replay import RECORDINGS
from benchmarks.bare_replay import Bare
from benchmarks.bare_replay import Recording
from benchmarks.bare_replay import make_actors
from benchmarks.bare_replay import make_strategy
from benchmarks.bare_replay import play
from benchmarks.bare_replay import record
from benchmarks.bare_replay import shipped
from benchmarks.bare_replay import write_down
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.intents import TradingRules
from nautilus_scalp.risk.gate import RiskGate
from nautilus_scalp.risk.gate import RiskLimits
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.portfolio import Portfolio
from nautilus_scalp.risk.portfolio import PortfolioLimits
from nautilus_scalp.risk.state import APPROVED
from nautilus_scalp.risk.state import RiskState


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

CONFIG = shipped("regimes")
MAKER, REVERSION, BREAKOUT = range(3)  # places of the strategies in the file
EVERY_REGIME = {"regime": {}}
ROUNDS = 9
GOAL = 1.3
REVIEWS = 20_000
REVIEW_GOAL_US = 10.0


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    """Return all that the sample holds of the instrument."""
    return [record(CONFIG.run.catalog, *window) for window in RECORDINGS]


def whole(place: int, settings: Mapping[str, object]) -> list[Actor]:
    """Return a strategy of the file, after the file's actors."""
    return [*make_actors(CONFIG.actors), make_strategy(CONFIG.strategies[place], settings)]


@pytest.mark.parametrize("quiet", [False, True], ids=["own bus", "quiet bus"])
@pytest.mark.parametrize(
    ("name", "place", "settings"),
    [
        ("market making", MAKER, {}),
        ("market making in every regime", MAKER, EVERY_REGIME),
        ("mean reversion", REVERSION, {}),
        ("momentum breakout", BREAKOUT, {}),
        ("momentum breakout in every regime", BREAKOUT, EVERY_REGIME),
    ],
)
def test_cost_of_a_whole_strategy(
    recordings: list[Recording],
    name: str,
    place: int,
    settings: dict[str, object],
    quiet: bool,  # noqa: FBT001
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With regime, risk gate and exits against the bare orders."""
    scripts, expected = [], []
    for recording in recordings:
        players = whole(place, settings)
        script = write_down(players[-1])
        expected.append(play(CONFIG.venue, recording, players, quiet=quiet).events)
        script.pop(recording.ticks[-1].ts_init, None)  # sent after the end: it reaches nobody
        scripts.append(script)
    ours, bare = np.zeros(ROUNDS), np.zeros(ROUNDS)
    for i in range(ROUNDS):
        for recording, script, fate in zip(recordings, scripts, expected, strict=True):
            run = play(CONFIG.venue, recording, whole(place, settings), quiet=quiet)
            assert run.events == fate
            ours[i] += run.seconds
            run = play(CONFIG.venue, recording, [Bare(script, recording.ticks)], quiet=quiet)
            assert run.events == fate
            bare[i] += run.seconds
    ratios = np.sort(ours / bare)
    middle = median(ratios)
    events = sum(len(recording.ticks) for recording in recordings)
    commands = sum(len(sent) for script in scripts for sent in script.values())
    with capsys.disabled():
        sys.stdout.write(
            f"\n{name}, {'our quiet' if quiet else 'its own'} bus:"
            f" {events} events, {commands} commands,"
            f" whole {median(ours):.2f} s, bare {median(bare):.2f} s,"
            f" ratio {middle:.3f} ({ratios[1]:.3f} to {ratios[-2]:.3f}), goal {GOAL}:"
            f" {'met' if middle <= GOAL else 'missed'}\n"
        )


def test_whole_review_of_an_intent(capsys: pytest.CaptureFixture[str]) -> None:
    """The strategy's gate and the seven layers, with four members of which one has changed."""
    rules = TradingRules(tick_size=0.1, price_precision=1, qty_step=0.001, size_precision=3)
    gate = RiskGate(RiskLimits(), rules)
    portfolio = Portfolio(PortfolioLimits(), KillSwitch())
    states = [
        RiskState(bid=100.0, ask=100.1, equity=1e5, leverage=3.0, position_qty=1.0 * place)
        for place in range(4)
    ]
    for place, state in enumerate(states):
        portfolio.join(place, f"I{place}", f"A{place}", state)
    rng = np.random.default_rng(1)
    for second in range(100):
        for state in states:
            state.bid = 100.0 + 0.01 * rng.standard_normal()
        portfolio.on_time(second * 1_000_000_000)
    portfolio.on_equity(1e5, 0)
    intent = OrderIntent(1, 1.0, 100.0, post_only=True)
    taken = np.empty(REVIEWS)
    for i in range(REVIEWS):
        states[0].revision += 1
        started = time.perf_counter_ns()
        verdicts = gate.review(intent, states[0]), portfolio.review(0, intent)
        taken[i] = time.perf_counter_ns() - started
    assert verdicts == (APPROVED, APPROVED)
    with capsys.disabled():
        p50, p90, p99 = np.quantile(taken / 1e3, [0.5, 0.9, 0.99])
        sys.stdout.write(
            f"\nreview: p50 {p50:.1f} us, p90 {p90:.1f} us, p99 {p99:.1f} us,"
            f" goal {REVIEW_GOAL_US:.0f} at p50: {'met' if p50 <= REVIEW_GOAL_US else 'missed'}\n"
        )
