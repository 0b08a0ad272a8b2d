"""The portfolio guard in Nautilus's engine: shared limits, drawdown, and a switch that stays on."""

from pathlib import Path

import pytest

from nautilus_scalp.actors.portfolio import PortfolioGuard
from nautilus_scalp.actors.portfolio import PortfolioGuardConfig
from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.risk.kill_switch import KillSwitch
from nautilus_scalp.risk.leverage import LeverageParams
from nautilus_scalp.risk.portfolio import PortfolioLimits
from nautilus_scalp.risk.portfolio_moves import MovesParams
from nautilus_scalp.signals.reversion import ReversionParams
from nautilus_scalp.strategies.directional_config import EntryParams
from nautilus_scalp.strategies.mean_reversion import MeanReversion
from nautilus_scalp.strategies.mean_reversion import MeanReversionConfig
from tests.integration.conftest import Desk


pytestmark = pytest.mark.filterwarnings("ignore:Timestamp.utcnow")

# The desk's account holds 1,000,000; an entry is worth 98.
MOVES = MovesParams(sample_ms=10.0, least_samples=2)
WIDE = PortfolioLimits(
    max_daily_var_share=100.0, max_correlated_share=1.0, reference_volatility=1e9, moves=MOVES
)


def guard(limits: PortfolioLimits = WIDE, **settings: object) -> PortfolioGuard:
    return PortfolioGuard(
        PortfolioGuardConfig(venue="BINANCE", limits=limits, interval_ms=10.0, **settings)
    )


def reversion(desk: Desk, tag: str = "001") -> MeanReversion:
    return MeanReversion(
        MeanReversionConfig(
            instrument_id=desk.instrument_id,
            order_id_tag=tag,
            rule=ReversionParams(
                deviation_threshold=1.0,
                lookback_ticks=5,
                flow_ticks=1,
                rsi_length=2,
                bollinger_width=1.0,
            ),
            entry=EntryParams(order_notional=98.0, max_size_multiple=1.0),
            exits=ExitParams(stop_loss=20.0),
            exit_at_fair_value=False,
        )
    )


def write_fall(desk: Desk) -> None:
    """Write a second of quotes, trades at 100 and a fall to 98; the market then is 97.9/98."""
    for ms in range(0, 1_000, 10):
        desk.at(ms).quote(99.9, 100.0)
    for _ in range(4):
        desk.trade(100.0, 1.0, -1)
    desk.at(1_000).trade(98.0, 3.0, 1).quote(97.9, 98.0).at(1_010).quote(97.9, 98.0)


def test_with_room_nothing_changes(desk: Desk) -> None:
    write_fall(desk)
    desk.play(guard(), reversion(desk))
    assert desk.fills()[0] == (98.0, 1.0)


def test_the_limit_is_shared(desk: Desk) -> None:
    write_fall(desk)
    limits = PortfolioLimits(
        max_daily_var_share=100.0,
        max_asset_share=150.0 / 1_000_000,
        reference_volatility=1e9,
        moves=MOVES,
    )
    first, second = reversion(desk, "001"), reversion(desk, "002")
    desk.play(guard(limits), first, second)
    assert [qty for _, qty in desk.fills()] == [1.0, -1.0]
    assert first.refusals["max_asset_exposure"] == 0
    assert second.refusals["max_asset_exposure"] > 0


def test_risk_is_not_taken_before_it_is_known(desk: Desk) -> None:
    write_fall(desk)
    strategy = reversion(desk)
    desk.play(guard(PortfolioLimits()), strategy)
    assert desk.fills() == []
    assert strategy.refusals["value_at_risk_unknown"] > 0


def test_a_drawdown_closes_everything_and_survives_a_restart(desk: Desk, tmp_path: Path) -> None:
    write_fall(desk)
    desk.at(1_200).quote(90.0, 90.1).at(1_300).quote(90.0, 90.1).at(1_310).quote(90.0, 90.1)
    kill_file = str(tmp_path / "kill")
    limits = PortfolioLimits(
        max_daily_var_share=100.0,
        max_drawdown_share=7.0 / 1_000_000,
        reference_volatility=1e9,
        moves=MOVES,
    )
    strategy = reversion(desk)
    desk.play(guard(limits, kill_file=kill_file), strategy)
    assert desk.fills() == [(98.0, 1.0), (90.0, -1.0)]
    assert strategy.exit_reasons == {"portfolio_drawdown": 1}
    assert KillSwitch(Path(kill_file)).engaged
    again = Desk()
    write_fall(again)
    later = reversion(again)
    again.play(guard(kill_file=kill_file), later)
    assert again.fills() == []
    assert later.refusals["kill_switch"] > 0
    assert again.engine is not None
    again.engine.dispose()


def account_leverage(desk: Desk) -> float:
    return float(
        desk.cache.account_for_venue(desk.instrument_id.venue).leverage(desk.instrument_id)
    )


def test_leverage_follows_conditions_and_the_venue_is_told(desk: Desk) -> None:
    write_fall(desk)
    calm = LeverageParams(
        mode="aggressive",
        reference_volatility=1e6,
        emergency_volatility=1e7,
        raise_after_ms=1.0,
    )
    wild = LeverageParams(mode="aggressive", emergency_volatility=1e-6)
    free = guard(leverage=calm)
    desk.play(free, reversion(desk))
    assert 2.9 < free.book.leverage <= 3.0
    assert account_leverage(desk) == 3
    other = Desk()
    write_fall(other)
    careful = guard(leverage=wild)
    other.play(careful, reversion(other))
    assert careful.book.leverage == wild.emergency
    assert account_leverage(other) == 1
    assert other.engine is not None
    other.engine.dispose()


def test_drawdown_is_counted_from_the_peak_of_the_run_before(desk: Desk, tmp_path: Path) -> None:
    before = guard(PortfolioLimits(max_drawdown_share=0.5))
    before.book.on_equity(10_000_000.0, 1)
    saved = before.on_save()
    assert saved == {
        "equity_marks": b'{"peak":10000000.0,"day":0,"opening":10000000.0,"lost_day":-1}'
    }
    after = guard(PortfolioLimits(max_drawdown_share=0.05), kill_file=str(tmp_path / "KILL"))
    after.on_load(saved)
    write_fall(desk)
    desk.play(after, reversion(desk))  # with what the desk has, nine tenths are lost
    assert after.book.halted is not None
    assert desk.fills() == []
    assert "equity_marks" not in after.on_save()  # who removes the kill switch begins a new count
