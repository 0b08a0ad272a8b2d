"""Strategies on minutes whose edge is known; ``benchmarks/edge_*.py`` take hours."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.edge_maker import paid_maker
from benchmarks.edge_maker import quoting
from benchmarks.edge_maker import run_over
from benchmarks.edge_strategies import by_oracle
from benchmarks.edge_strategies import foretold
from benchmarks.edge_strategies import market
from benchmarks.edge_strategies import run
from benchmarks.edge_strategies import shipped
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.evaluation.placebo import holding_profit
from nautilus_scalp.evaluation.placebo import null_z


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

HOURS, SEED = 0.06, 3


@pytest.mark.parametrize("name", ["market_making", "mean_reversion"])
def test_without_an_edge_the_costs_are_lost_and_no_more(tmp_path: Path, name: str) -> None:
    catalog = market(tmp_path, SyntheticParams(seed=SEED, hours=HOURS))
    result = run(shipped(name, catalog))
    held = holding_profit(result.fills, result.mids)
    net = result.engine_gross - result.engine_fees
    assert len(result.fills.qty) > 10
    assert net < 0.0 < held.costs
    assert net + held.costs == pytest.approx(held.profit, abs=1e-6)
    assert abs(held.profit) <= null_z() * held.deviation


def test_with_an_edge_it_earns_what_theory_says_and_nets_it_below_that_fee(tmp_path: Path) -> None:
    params = SyntheticParams(seed=SEED, hours=HOURS, edge=0.9)
    catalog = market(tmp_path, params)
    config = by_oracle("mean_reversion", catalog, params, "signal")
    nets = {}
    for fee_bps in (0.05, 5.0):
        venue = msgspec.structs.replace(config.venue, fee_multiplier=fee_bps / 5.0)
        result = run(msgspec.structs.replace(config, venue=venue))
        nets[fee_bps] = result.engine_gross - result.engine_fees
    theory = foretold(result, params)
    held = holding_profit(result.fills, result.mids)
    assert theory.profit > 3.0 * theory.deviation  # the edge is no accident
    assert abs(held.profit - theory.profit) <= null_z() * theory.deviation
    assert nets[5.0] < 0.0 < nets[0.05]


def test_a_maker_earns_by_holding_what_theory_says_and_the_parts_are_all_there_is(
    tmp_path: Path,
) -> None:
    params = SyntheticParams(seed=SEED, hours=HOURS, edge=0.6)
    catalog = market(tmp_path, params)
    even = {}
    for name, config in (
        ("shift", by_oracle("market_making", catalog, params, "combined")),
        ("pay", paid_maker(catalog, params)),
    ):
        result = run(config)
        theory, part = foretold(result, params), quoting(result)
        earned = part.spread + part.run_over + part.held
        assert part.spread > 0.0 > part.run_over
        assert earned == pytest.approx(result.engine_gross, abs=1e-6)
        assert abs(part.held - theory.profit) <= null_z(2) * theory.deviation
        even[name] = (part.spread + part.run_over + theory.profit) / part.volume
    assert even["shift"] < even["pay"]  # the fee that theory allows


def test_a_jump_costs_a_quote_the_same_whatever_the_signal_said() -> None:
    seen = run_over(SyntheticParams(seed=SEED, hours=1.0, edge=0.6))
    against, with_it = seen.lean < -0.3, seen.lean > 0.3
    lost = [seen.lost[rows].mean() for rows in (against, with_it)]
    errors = [seen.lost[rows].std() / rows.sum() ** 0.5 for rows in (against, with_it)]
    assert max(lost) < 0.0
    assert abs(lost[0] - lost[1]) <= null_z() * (errors[0] ** 2 + errors[1] ** 2) ** 0.5
    worth = seen.lost + seen.foretold
    assert worth[against].mean() < lost[0] < 0.0 < worth[with_it].mean()
