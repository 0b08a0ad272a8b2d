"""The compiled GARCH against the `arch` library, and the fit against a process that is known."""

import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest
from arch import arch_model

from nautilus_scalp.actors.regime import RegimeActorConfig
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.signals.garch import GarchParams
from nautilus_scalp.signals.garch import garch_next
from nautilus_scalp.training.fit_volatility import GarchReport
from nautilus_scalp.training.fit_volatility import bar_returns
from nautilus_scalp.training.fit_volatility import fit_catalog
from nautilus_scalp.training.fit_volatility import fit_garch


BTC = "BTCUSDT-PERP.BINANCE"


def simulated(count: int, omega: float, alpha: float, beta: float) -> np.ndarray:
    """Return the returns of a GARCH(1,1) with normal shocks."""
    shocks = np.random.default_rng(3).standard_normal(count)
    returns, variance = np.zeros(count), omega / (1.0 - alpha - beta)
    for i, shock in enumerate(shocks):
        returns[i] = shock * variance**0.5
        variance = omega + alpha * returns[i] ** 2 + beta * variance
    return returns


def test_the_compiled_recursion_is_the_library_s() -> None:
    returns = simulated(2_000, 1e-10, 0.08, 0.9)
    model = arch_model(1e4 * returns, mean="Zero", vol="GARCH", p=1, q=1, rescale=False)
    result = model.fit(disp="off")
    omega, alpha, beta = result.params
    theirs = np.asarray(result.conditional_volatility) ** 2
    ours = np.zeros(len(theirs))
    ours[0] = theirs[0]  # the library begins with a backcast
    for i, value in enumerate(1e4 * returns[:-1]):
        ours[i + 1] = garch_next(ours[i], value * value, omega, alpha, beta)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=0.0)


def test_the_fit_finds_the_process_that_made_the_returns() -> None:
    fit = fit_garch(simulated(10_000, 1e-10, 0.08, 0.9), 1_000.0)
    assert fit.params.alpha == pytest.approx(0.08, abs=4 * fit.standard_errors["alpha"])
    assert fit.params.beta == pytest.approx(0.9, abs=4 * fit.standard_errors["beta"])
    assert fit.standard_errors["beta"] < 0.03
    assert fit.long_run_volatility_bps == pytest.approx(1e4 * (1e-10 / 0.02) ** 0.5, rel=0.15)
    params = fit.params
    assert params.omega is not None
    assert params.omega / (1.0 - params.alpha - params.beta) == pytest.approx(
        (1e-4 * fit.long_run_volatility_bps) ** 2, rel=1e-2
    )  # fractions again, whatever the optimiser worked in


def test_bars_skip_what_a_gap_hides() -> None:
    seconds = np.array([0.0, 0.4, 1.5, 4.0, 100.0, 101.0])
    mid = np.exp([0.0, 0.1, 0.3, 0.6, 5.0, 5.2])
    found = bar_returns((seconds * 1e9).astype(np.int64), mid, 1_000.0)
    # Bar 0 closes at 0.1, 1 at 0.3, 2 and 3 repeat it, 4 at 0.6; the gap before 100 is no return.
    np.testing.assert_allclose(found, [0.2, 0.0, 0.0, 0.3, 0.2], atol=1e-12)


def test_too_little_is_refused() -> None:
    with pytest.raises(InputError, match="ETH: 100 bars of 500 ms"):
        fit_garch(np.full(100, 1e-4), 500.0, "ETH")
    with pytest.raises(InputError, match="none that moves"):
        fit_garch(np.zeros(1_000), 500.0)
    with pytest.raises(UsageError, match="bars of 0 ms"):
        fit_catalog(Path("catalogs/sample"), bar_ms=0.0)


def test_what_is_printed_is_a_configuration() -> None:
    window = (1_721_347_020_000_000_000, 1_721_347_200_000_000_000)  # three minutes to midnight
    report = fit_catalog(Path("catalogs/sample"), [BTC], window, bar_ms=500.0)
    assert report.window == ("2024-07-18T23:57:00.000Z", "2024-07-19T00:00:00.000Z")
    assert report.fits[BTC].bars == 354  # of 355 half seconds; the first has no return
    table = tomllib.loads("\n".join(report.toml()))["actors"]["config"]
    table |= {"instrument_ids": [BTC], "params": {"measures": {"bar_ms": 500.0}}}
    config = RegimeActorConfig.parse(msgspec.json.encode(table))
    assert config.garch == {BTC: report.fits[BTC].params}
    assert config.params_of(config.instrument_ids[0]).measures.garch == report.fits[BTC].params


def test_a_fit_of_others_is_refused() -> None:
    with pytest.raises(UsageError, match="ETH"):
        RegimeActorConfig(instrument_ids=[], garch={"ETH": GarchParams()})


def test_an_instrument_without_a_fit_is_told_and_costs_the_others_nothing() -> None:
    report = GarchReport(
        window=("a", "b"), bar_ms=1.0, fits={}, refused={"ETH": "ETH: 3 bars, or none that moves"}
    )
    assert report.toml() == ["[actors.config.garch]", "# ETH: 3 bars, or none that moves"]
    with pytest.raises(InputError, match=r"BTC.*; ETH.*"):
        fit_catalog(Path("catalogs/sample"), bar_ms=60_000.0)
