"""Synthetic markets to learn on and to be judged on."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.errors import ScalpError
from nautilus_scalp.evaluation.classification import direction_odds
from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.features.grammar import CLOCKS_NS
from nautilus_scalp.features.grammar import parse
from nautilus_scalp.features.matrix import FeatureMatrix
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.features.schema import FeatureSpec
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.ensemble import MODEL_NAMES
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.pipeline import fit_ensemble


type Floats = npt.NDArray[np.float64]
type Markets = tuple[SyntheticParams, ...]

_PERPETUAL, _PEER, _SPOT = "BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE", "BTCUSDT.BINANCE"
LONGEST_WARM_UP_H = 12.0
_TEST_SEEDS = 1_000  # added to the seed of the market that was learned on
_PEER_SEEDS = 500
_MS_PER_HOUR = 3_600_000


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """
    A model trained on synthetic markets, and others to judge it on.

    Attributes
    ----------
    tape : Tape
        What it learned from.
    markets : tuple[SyntheticParams, ...]
        What it is judged on: the same laws, other seeds; one an instrument.
    ensemble : Ensemble
        The model.
    instruments : tuple[str, ...]
        Names behind ``matrix.instrument``.
    matrix : FeatureMatrix
        Features of the markets that it is judged on.

    """

    tape: Tape
    markets: Markets
    ensemble: Ensemble
    instruments: tuple[str, ...]
    matrix: FeatureMatrix


def try_market(
    training: TrainingConfig, options: VerifyOptions, edge: float, hours: float
) -> Trial:
    """Train small models on a synthetic market, and make another one of the same law.

    Parameters
    ----------
    training : TrainingConfig
        What is verified: its label, columns, horizon and weights.
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
    learned = markets_for(training.columns, training.features, options.seed, hours, edge)
    tape = market_tape(learned)
    name = f"synthetic-edge-{edge:g}"
    ensemble = fit_ensemble(tape, training, name, {}, lambda _stage, _fraction: None)
    manifest = ensemble.manifest
    names, seed = manifest.feature_names, options.seed + _TEST_SEEDS
    markets = markets_for(names, manifest.features, seed, options.test_hours, edge)
    judged = market_tape(markets)
    return Trial(
        tape=tape,
        markets=markets,
        ensemble=ensemble,
        instruments=tuple(facts.instrument_id for facts in judged.instruments),
        matrix=options.compute(judged, manifest.features, names),
    )


def markets_for(
    names: Sequence[str], features: FeatureParams, seed: int, hours: float, edge: float
) -> Markets:
    """Return markets on which features can be computed: long enough, with whom they look at.

    Parameters
    ----------
    names : sequence of str
        Features, if they are known yet.
    features : FeatureParams
        Their parameters.
    seed : int
        Of the market.
    hours : float
        Length beyond what the features take to warm up.
    edge : float
        Of the market, and of those beside it.

    Returns
    -------
    tuple[SyntheticParams, ...]
        A perpetual; another one if a feature reads other instruments; the spot market if a
        feature reads that. They know nothing of each other.

    """
    specs = _specs(names, features)
    instruments = [_PERPETUAL]
    if any(spec.warm_up.peers for spec in specs):
        instruments.append(_PEER)
    if any(spec.warm_up.spot for spec in specs):
        instruments.append(_SPOT)
    hours += warm_up_hours(names, features)
    return tuple(
        SyntheticParams(
            seed=seed + index * _PEER_SEEDS, hours=hours, edge=edge, instrument_id=instrument_id
        )
        for index, instrument_id in enumerate(instruments)
    )


def warm_up_hours(names: Sequence[str], features: FeatureParams) -> float:
    """Return how long the slowest of some features takes to warm up, half a day at most."""
    hours = [hours for hours in _warm_ups(names, features) if hours <= LONGEST_WARM_UP_H]
    return max(hours, default=0.0)


def learnable(names: Sequence[str], features: FeatureParams) -> tuple[str, ...]:
    """Return the features that a synthetic market of half a day warms up."""
    hours = _warm_ups(names, features)
    return tuple(n for n, h in zip(names, hours, strict=True) if h <= LONGEST_WARM_UP_H)


def _warm_ups(names: Sequence[str], features: FeatureParams) -> list[float]:
    found = []
    for spec in _specs(names, features):
        bars = spec.warm_up.bars
        bars_ms = bars * CLOCKS_NS[parse(spec.name).clock] / 1e6 if bars else 0.0
        found.append(max(spec.warm_up.elapsed_ms, bars_ms) / _MS_PER_HOUR)
    return found


def _specs(names: Sequence[str], features: FeatureParams) -> tuple[FeatureSpec, ...]:
    return build_schema(features, names).specs if names else ()


def market_tape(markets: Markets) -> Tape:
    """Return all events of some markets as they come out of a catalog.

    Parameters
    ----------
    markets : tuple[SyntheticParams, ...]
        One an instrument.

    Returns
    -------
    Tape
        Quotes, trades, depth, mark prices and funding rates.

    """
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        for params in markets:
            write_synthetic(Path(folder), params, compare=False)
        return read_tape(Path(folder), extras=True)


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
    prediction = ensemble.predict_matrix(matrix)
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
    beside = np.full((len(trial.matrix), 2), np.nan)
    for params in trial.markets:
        signals = np.concatenate([chunk.signals for chunk in generate(params)])[:, :2]
        rows = trial.matrix.instrument == trial.instruments.index(params.instrument_id)
        if len(signals) != np.count_nonzero(rows):
            message = f"{len(signals)} synthetic quotes, {np.count_nonzero(rows)} with features"
            raise ScalpError(message, "the features refuse synthetic quotes; please report it")
        beside[rows] = signals
    return beside
