"""Synthetic markets to learn on and to be judged on."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.synthetic.events import synthetic_tape
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.errors import ScalpError
from nautilus_scalp.evaluation.classification import direction_odds
from nautilus_scalp.features.matrix import FeatureMatrix
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.runtime.verify.subject import Subject
from nautilus_scalp.training.pipeline import fit_ensemble


type Floats = npt.NDArray[np.float64]

_TEST_SEEDS = 1_000  # added to the seed of the market that was learned on


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """
    A model trained on one synthetic market, and another market to judge it on.

    Attributes
    ----------
    tape : Tape
        What it learned from.
    params : SyntheticParams
        Of the market that it is judged on, which differs in its seed.
    ensemble : Ensemble
        The model.
    matrix : FeatureMatrix
        Features of the market that it is judged on.

    """

    tape: Tape
    params: SyntheticParams
    ensemble: Ensemble
    matrix: FeatureMatrix


def try_market(subject: Subject, options: VerifyOptions, edge: float, hours: float) -> Trial:
    """Train small models on a synthetic market, and make another one of the same law.

    Parameters
    ----------
    subject : Subject
        What is verified: its features, horizon and weights are used.
    options : VerifyOptions
        Sizes.
    edge : float
        Of both markets; 0 is a random walk.
    hours : float
        Of the market that is learned from.

    Returns
    -------
    Trial
        The model, and the features of the market that it is judged on.

    """
    tape = synthetic_tape(SyntheticParams(seed=options.seed, hours=hours, edge=edge))
    name = f"synthetic-edge-{edge:g}"
    ensemble = fit_ensemble(tape, subject.training, name, {}, lambda _stage, _fraction: None)
    params = SyntheticParams(seed=options.seed + _TEST_SEEDS, hours=options.test_hours, edge=edge)
    manifest = ensemble.manifest
    matrix = options.compute(synthetic_tape(params), manifest.features, manifest.feature_names)
    return Trial(tape=tape, params=params, ensemble=ensemble, matrix=matrix)


def scores(ensemble: Ensemble, matrix: FeatureMatrix) -> dict[str, Floats]:
    """Return ``log(p_up / p_down)`` of every row by each model and by the ensemble.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    matrix : FeatureMatrix
        Its features.

    Returns
    -------
    dict[str, float64[m]]
        By name; NaN while the features warm up.

    """
    prediction = ensemble.predict_batch(matrix.values, matrix.segment, matrix.ready)
    outputs = dict(zip(MODEL_NAMES, prediction.per_model, strict=True))
    outputs["ensemble"] = prediction.probabilities
    return {name: direction_odds(output) for name, output in outputs.items()}


def latent_signals(trial: Trial) -> Floats:
    """Return the latent signal, and the best forecast of it, beside every row of the trial.

    Returns
    -------
    float64[m, 2]
        The signal that nobody sees; its mean given everything published, by a filter that knows
        the parameters.

    """
    signals = np.concatenate([chunk.signals for chunk in generate(trial.params)])
    if len(signals) != len(trial.matrix):
        message = f"{len(signals)} synthetic quotes, {len(trial.matrix)} of them with features"
        raise ScalpError(message, "the features refuse quotes of the synthetic market; report it")
    return signals[:, :2]
