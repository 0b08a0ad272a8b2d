"""The planted edge: how much of what can be known does a model learn."""

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.synthetic.theory import next_jump_auc
from nautilus_scalp.errors import InputError
from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import not_applicable
from nautilus_scalp.runtime.verify.markets import Trial
from nautilus_scalp.runtime.verify.markets import latent_signals
from nautilus_scalp.runtime.verify.markets import scores
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.training.labels import label_moves


type Floats = npt.NDArray[np.float64]

_PARTS = 20  # of the market's rows, left out in turn
_STUDENT = 2.539  # 99 % quantile for 19 degrees of freedom


def check_planted_edge(trial: Trial, options: VerifyOptions) -> list[Check]:
    """Compare what the models call right with what the best possible forecast does.

    The yardstick is a Bayesian filter that knows the market's parameters and sees what is
    published, on the same rows: ``recovered = (AUC - 1/2) / (AUC of the filter - 1/2)``, and the
    same for the mean move in bps in the direction of the score. Jumps have heavy tails, so a share
    is a measurement with an error (jackknife over twenty parts of the market's time: Quenouille
    1956). Only the ensemble is held to a limit: it fails when its share is below the limit by more
    than 99 % chance explains. A single model shows its share.

    Parameters
    ----------
    trial : Trial
        Of a market with an edge.
    options : VerifyOptions
        The edge, and the least share to recover.

    Returns
    -------
    list[Check]
        Area and bps of each model and of the ensemble.

    """
    horizon_ms = trial.ensemble.manifest.horizon_ms
    matrix = trial.matrix
    labels = label_moves(matrix.ts_event_ns, matrix.mid, matrix.segment, horizon_ms)
    rows = np.flatnonzero(matrix.ready & labels.known)
    move_bps = labels.move_bps[rows]
    signal, forecast = latent_signals(trial)[rows].T
    best_area, best_bps = _figures(forecast, move_bps)
    seen_area, seen_bps = _figures(signal, move_bps)
    theory = (
        f"edge {options.edge:g}, {horizon_ms} ms: AUC of the latent signal {seen_area:.4f}, of the "
        f"best forecast {best_area:.4f} ({seen_bps:.4f} and {best_bps:.4f} bps); closed form for "
        f"the next jump {next_jump_auc(options.edge):.4f}"
    )
    checks: list[Check] = []
    for name, score in scores(trial.ensemble, trial.matrix).items():
        area, bps = _figures(score[rows], move_bps)
        shares = _shares(score[rows], forecast, move_bps)
        details = (f"AUC {area:.4f}; {theory}", f"{bps:.4f} bps of {best_bps:.4f}")
        if name != "ensemble":
            checks += map(_shown, _names(name), shares.tolist(), details)
            continue
        errors = _errors(score[rows], forecast, move_bps)
        bounds = (options.min_recovered,) * len(shares)
        checks += map(_judged, _names(name), shares.tolist(), errors.tolist(), bounds, details)
    return checks


def _names(model: str) -> tuple[str, str]:
    return f"planted_edge_auc_{model}", f"planted_edge_bps_{model}"


def _shares(score: Floats, forecast: Floats, move_bps: Floats) -> Floats:
    """Return what is recovered of the area over one half, and of the mean move (float64[2])."""
    area, bps = _figures(score, move_bps)
    best_area, best_bps = _figures(forecast, move_bps)
    return np.array(((area - 0.5) / (best_area - 0.5), bps / best_bps))


def _errors(score: Floats, forecast: Floats, move_bps: Floats) -> Floats:
    """Return the standard errors of the shares (float64[2])."""
    part = np.arange(len(move_bps)) * _PARTS // len(move_bps)
    rest = [_shares(score[k], forecast[k], move_bps[k]) for k in (part != p for p in range(_PARTS))]
    spread: Floats = np.std(rest, axis=0) * (_PARTS - 1) ** 0.5
    return spread


def _figures(score: Floats, move_bps: Floats) -> tuple[float, float]:
    """Return the AUC over moves, and the mean move in the direction of the score."""
    moved = move_bps != 0.0
    area = auc(score[moved], np.greater(move_bps[moved], 0.0))
    if area is None:
        message = "the synthetic market has no moves both ways"
        raise InputError(message, "give --hours more")
    return area, float((np.sign(score) * move_bps).mean())


def _judged(name: str, share: float, error: float, least: float, detail: str) -> Check:
    """Hold a share to a limit as far as chance allows."""
    margin = _STUDENT * error
    told = f"standard error {error:.4f}, fails below {least - margin:.4f}; {detail}"
    return Check(name=name, passed=share + margin >= least, value=share, limit=least, detail=told)


def _shown(name: str, share: float, detail: str) -> Check:
    """Return a figure that is reported and decides nothing."""
    told = not_applicable(name, f"shown, not judged: {detail.split(';', maxsplit=1)[0]}")
    return Check(name=told.name, passed=None, value=share, detail=told.detail)
