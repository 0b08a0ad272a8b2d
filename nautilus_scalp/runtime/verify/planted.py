"""The planted edge: how much of what can be known does a model learn."""

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.synthetic.theory import next_jump_auc
from nautilus_scalp.errors import InputError
from nautilus_scalp.evaluation.classification import auc
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import at_least
from nautilus_scalp.runtime.verify.check import not_applicable
from nautilus_scalp.runtime.verify.markets import Trial
from nautilus_scalp.runtime.verify.markets import latent_signals
from nautilus_scalp.runtime.verify.markets import scores
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.training.labels import label_moves


type Floats = npt.NDArray[np.float64]


def check_planted_edge(trial: Trial, options: VerifyOptions) -> list[Check]:
    """Compare what the models call right with what the best possible forecast does.

    The yardstick is a Bayesian filter that knows the market's parameters and sees what is
    published, on the same rows: ``recovered = (AUC - 1/2) / (AUC of the filter - 1/2)``, and the
    same for the mean move in bps in the direction of the score. Only the ensemble is held to a
    limit; a single model shows its share.

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
    checks = []
    for name, score in scores(trial.ensemble, trial.matrix).items():
        area, bps = _figures(score[rows], move_bps)
        shares = {
            "auc": ((area - 0.5) / (best_area - 0.5), f"AUC {area:.4f}; {theory}"),
            "bps": (bps / best_bps, f"{bps:.4f} bps of {best_bps:.4f}"),
        }
        for kind, (share, detail) in shares.items():
            check = at_least(f"planted_edge_{kind}_{name}", share, options.min_recovered, detail)
            checks.append(check if name == "ensemble" else _shown(check))
    return checks


def _figures(score: Floats, move_bps: Floats) -> tuple[float, float]:
    """Return the AUC over moves, and the mean move in the direction of the score."""
    moved = move_bps != 0.0
    area = auc(score[moved], np.greater(move_bps[moved], 0.0))
    if area is None:
        message = "the synthetic market has no moves both ways"
        raise InputError(message, "give --hours more")
    return area, float((np.sign(score) * move_bps).mean())


def _shown(check: Check) -> Check:
    """Return a figure that is reported and decides nothing."""
    share = check.value
    told = not_applicable(check.name, f"shown, not judged: {check.detail.split(';')[0]}")
    return Check(name=told.name, passed=None, value=share, detail=told.detail)
