"""GARCH(1,1) of an instrument's bars, fitted by the `arch` library to recorded mid prices."""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.catalog import catalog_instruments
from nautilus_scalp.data.catalog import catalog_window
from nautilus_scalp.data.mids import read_mids
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.settings import to_iso
from nautilus_scalp.signals.garch import GarchParams


type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]

_NS_PER_MS = 1_000_000
_BPS = 1e4
_DIGITS = 4  # what the optimiser finds again on another machine
# A window of the regime's bars: after a longer gap the live measures begin anew as well.
_MAX_GAP_BARS = 60
_LEAST_BARS = 250
_MORE_BARS = "give more data or bars of another length; or keep the default parameters"


class GarchFit(msgspec.Struct, frozen=True, kw_only=True):
    """
    Fitted parameters and how good they are.

    Attributes
    ----------
    params : GarchParams
        For the configuration of a ``RegimeActor``, rounded to four digits.
    standard_errors : dict[str, float]
        Of alpha and beta, robust to returns that are not normal.
    long_run_volatility_bps : float
        Standard deviation of a bar's return to which forecasts return.
    half_life_bars : float
        Bars in which half of a shock to the variance is forgotten; 0 if nothing is remembered.
    log_likelihood : float
        Of the returns over their root mean square.
    bars : int
        Returns that were used.

    """

    params: GarchParams
    standard_errors: dict[str, float]
    long_run_volatility_bps: float
    half_life_bars: float
    log_likelihood: float
    bars: int


class GarchReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    What ``nautilus-scalp garch`` answers.

    Attributes
    ----------
    window : tuple[str, str]
        What was fitted.
    bar_ms : float
        Length of a bar.
    fits : dict[str, GarchFit]
        By instrument.
    refused : dict[str, str]
        Instruments whose bars determine no model, and why.

    """

    window: tuple[str, str]
    bar_ms: float
    fits: dict[str, GarchFit]
    refused: dict[str, str]

    def toml(self) -> list[str]:
        """Return the lines that go below ``[actors.config]`` of a ``RegimeActor``."""
        lines = ["[actors.config.garch]"]
        for name, fit in self.fits.items():
            values = ", ".join(
                f"{k} = {v!r}" for k, v in msgspec.structs.asdict(fit.params).items()
            )
            lines.append(f'"{name}" = {{ {values} }}')
        return lines + [f"# {reason}" for reason in self.refused.values()]


def fit_catalog(
    catalog: Path,
    instrument_ids: Sequence[str] | None = None,
    window: tuple[int | None, int | None] = (None, None),
    bar_ms: float = 1_000.0,
) -> GarchReport:
    """Fit the volatility of instruments of a catalog.

    Parameters
    ----------
    catalog : Path
        A Nautilus catalog.
    instrument_ids : Sequence[str], optional
        By default all of them.
    window : tuple[int or None, int or None]
        ``[start_ns, end_ns)``; by default everything. Leave out what a backtest is to judge.
    bar_ms : float
        Length of a bar, as in `MeasureParams.bar_ms`.

    Returns
    -------
    GarchReport
        A fit or a reason for every instrument, and at least one fit.

    Raises
    ------
    UsageError
        If the catalog or an instrument is not there, or `bar_ms` is no length.
    InputError
        If there is no instrument with enough bars to determine a stationary model.

    """
    if not bar_ms * _NS_PER_MS >= 1.0:
        message = f"bars of {bar_ms:g} ms"
        raise UsageError(message, "give --bar-ms a length, such as 1000")
    names = list(instrument_ids or (facts.instrument_id for facts in catalog_instruments(catalog)))
    first_ns, last_ns = catalog_window(catalog, names)
    start_ns = first_ns if window[0] is None else max(window[0], first_ns)
    end_ns = last_ns if window[1] is None else min(window[1], last_ns)
    fits: dict[str, GarchFit] = {}
    refused: dict[str, str] = {}
    for name, (ts_ns, mid) in read_mids(catalog, names, start_ns, end_ns).items():
        try:
            fits[name] = fit_garch(bar_returns(ts_ns, mid, bar_ms), bar_ms, name)
        except InputError as error:
            refused[name] = error.message
    if not fits:
        raise InputError("; ".join(refused.values()), _MORE_BARS)
    return GarchReport(
        window=(to_iso(start_ns), to_iso(end_ns)), bar_ms=bar_ms, fits=fits, refused=refused
    )


def bar_returns(ts_ns: Ints, mid: Floats, bar_ms: float) -> Floats:
    """Return the log returns of bars of the mid price, built as the live measures build them.

    A bar without a quote repeats the last price; the return over a gap of more than a minute's
    worth of bars is left out.

    Parameters
    ----------
    ts_ns : int64[m]
        In order of time.
    mid : float64[m]
        Positive prices.
    bar_ms : float
        Length of a bar.

    Returns
    -------
    float64[n]
        As fractions.

    Examples
    --------
    >>> seconds = np.array([0, 1, 3]) * 1_000_000_000
    >>> bar_returns(seconds, np.exp([0.0, 0.1, 0.3]), 1_000.0).round(6).tolist()
    [0.1, 0.0, 0.2]

    """
    bar = ts_ns // round(bar_ms * _NS_PER_MS)
    last = np.flatnonzero(np.diff(bar, append=bar[-1:] + 1))
    change, passed = np.diff(np.log(mid[last])), np.diff(bar[last])
    known = passed <= _MAX_GAP_BARS
    change, passed = change[known], passed[known]
    returns = np.zeros(int(passed.sum()))
    returns[np.cumsum(passed) - 1] = change
    return returns


def fit_garch(returns: Floats, bar_ms: float, name: str = "returns") -> GarchFit:
    """Fit a GARCH(1,1) of mean zero by quasi maximum likelihood.

    Parameters
    ----------
    returns : float64[n]
        Of bars, as fractions.
    bar_ms : float
        Length of a bar.
    name : str
        Of what, for messages.

    Returns
    -------
    GarchFit
        Parameters for returns as fractions.

    Raises
    ------
    InputError
        If there are too few returns, or they do not determine a stationary model.

    References
    ----------
    Bollerslev, T. and Wooldridge, J. M. (1992), Quasi-maximum likelihood estimation and inference
    in dynamic models with time-varying covariances, Econometric Reviews 11(2).

    """
    from arch import arch_model  # noqa: PLC0415 (takes seconds, and only this needs it)

    if len(returns) < _LEAST_BARS or not np.any(returns):
        message = f"{name}: {len(returns)} bars of {bar_ms:g} ms, or none that moves"
        raise InputError(message, f"give at least {_LEAST_BARS}: a longer window or shorter bars")
    # The optimiser stops where it starts on squares of a millionth: it gets returns of unit size.
    scale = float(np.sqrt(np.mean(returns * returns)))
    model = arch_model(returns / scale, mean="Zero", vol="GARCH", p=1, q=1, rescale=False)
    result = model.fit(disp="off", show_warning=False)
    omega, alpha, beta = (float(value) for value in result.params)
    persistence = alpha + beta
    if result.convergence_flag != 0 or not (omega > 0.0 and persistence < 1.0):
        message = f"{name}: no stationary GARCH(1,1) fits (alpha + beta = {persistence:.4f})"
        raise InputError(message, _MORE_BARS)
    return GarchFit(
        params=GarchParams(
            alpha=_rounded(alpha),
            beta=_rounded(beta),
            omega=_rounded(omega * scale * scale),
            bar_ms=bar_ms,
        ),
        standard_errors={
            "alpha": float(result.std_err["alpha[1]"]),
            "beta": float(result.std_err["beta[1]"]),
        },
        long_run_volatility_bps=_BPS * scale * math.sqrt(omega / (1.0 - persistence)),
        half_life_bars=-math.log(2.0) / math.log(persistence) if persistence > 0.0 else 0.0,
        log_likelihood=float(result.loglikelihood),
        bars=len(returns),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
