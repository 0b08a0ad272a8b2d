"""The training configuration: what to learn from, what to predict, how big the models are."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.engine import FeatureParams
from nautilus_scalp.models.trees import MAX_DEPTH
from nautilus_scalp.settings import apply_override
from nautilus_scalp.settings import convert
from nautilus_scalp.settings import read_toml
from nautilus_scalp.settings import to_ns
from nautilus_scalp.training.folds import WalkForwardParams
from nautilus_scalp.training.label_kinds import LabelParams


FEWEST_ROWS = 200  # of a sample that features are chosen on
DEVICES = ("auto", "cpu", "cuda", "xpu", "mps")


class LogisticParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Multinomial logistic regression, balanced classes.

    Parameters
    ----------
    c : float
        Inverse strength of the L2 penalty.
    max_iter : int
        Steps of the solver.

    """

    c: float = 1.0
    max_iter: int = 1000


class ForestParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Random forest, balanced classes.

    Parameters
    ----------
    trees, depth : int
        Number of trees and their depth.
    min_split, min_leaf : int
        Fewest rows in a node that is split, and in a leaf.
    tree_rows : int
        Rows drawn for a tree, with replacement, at most; of fewer, as many as there are.

    """

    trees: int = 100
    depth: int = 10
    min_split: int = 10
    min_leaf: int = 5
    tree_rows: int = 150_000


class LstmParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two LSTM layers and a head, trained by truncated back-propagation.

    Parameters
    ----------
    hidden, head : int
        Units of each layer, and of the head's hidden layer.
    dropout : float
        Between the layers and in the head.
    sequence : int
        Events of one truncated back-propagation; the state is carried on.
    batch : int
        Streams that are read side by side.
    learning_rate, weight_decay, gradient_clip : float
        Of AdamW, and the largest norm of a gradient.
    epoch_events : int
        Events of an epoch at most: of more, each epoch takes other ones in turn.
    epochs, restart_epochs, patience : int
        Epochs at most, those of the first cosine cycle (each next is twice as long), those
        without improvement before training stops.
    device : str
        ``cpu`` gives the same bytes on every run; ``auto`` takes cuda, xpu or mps if there.

    """

    hidden: int = 64
    head: int = 32
    dropout: float = 0.2
    sequence: int = 100
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    gradient_clip: float = 1.0
    epoch_events: int = 300_000
    epochs: int = 30
    restart_epochs: int = 10
    patience: int = 10
    device: str = "cpu"


class BoostingParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Gradient boosting with one tree a round whose leaves hold all three scores.

    Parameters
    ----------
    trees, depth : int
        Rounds and depth.
    eta, subsample, colsample : float
        Learning rate, share of rows and of columns of each tree.
    min_child_weight : float
        Least curvature in a leaf: about a quarter of its rows.

    """

    trees: int = 100
    depth: int = 6
    eta: float = 0.1
    subsample: float = 0.8
    colsample: float = 0.8
    min_child_weight: float = 3.0


class SelectionParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How the 25 features are chosen.

    Parameters
    ----------
    method : str
        ``fixed25``: those of the catalogue's authors. ``learned``: inside the training rows.
    depth : bool
        Whether ten-level books may be chosen from (`learned`); a model that has one needs them
        wherever it predicts.
    max_warm_up_ms : float
        Features that take longer to warm up are not considered.
    sample_rows : int
        Rows that the choice is made on, evenly spread over the training rows.
    redundancy : float
        A feature with a larger absolute rank correlation to a more relevant one is left out.
    blocks : int
        Blocks of time; each ranks by what it sees of the others, and their mean decides.

    """

    method: Literal["fixed25", "learned"] = "fixed25"
    depth: bool = False
    max_warm_up_ms: float = 31_000.0
    sample_rows: int = 12_000
    redundancy: float = 0.9
    blocks: int = 4

    def __post_init__(self) -> None:
        """Refuse values that choose nothing."""
        for key, fine, remedy in (
            ("max_warm_up_ms", self.max_warm_up_ms > 0.0, "give more than 0 ms"),
            ("sample_rows", self.sample_rows >= FEWEST_ROWS, f"give {FEWEST_ROWS} or more"),
            ("redundancy", 0.0 < self.redundancy <= 1.0, "give a correlation up to 1"),
            ("blocks", self.blocks > 1, "give 2 or more"),
        ):
            if not fine:
                message = f"training configuration: selection.{key} has a value that cannot be used"
                raise UsageError(message, remedy)


class MoveRateParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How published probabilities follow what became of earlier ones.

    Parameters
    ----------
    half_life_ms : float
        Memory of known outcomes; 0 to publish what the models say.
    burst_ms : float
        Quotes of about this time are one observation together, because they share their outcome.
    bias, gain, bend, gap : float
        How far, in one standard deviation, the move log-odds may be off by a constant, by a factor,
        at every knot of its curve on its own, and while the best prices stand apart.
    direction : float
        How far the direction log-odds may be off by a factor.

    """

    half_life_ms: float = 1_800_000.0
    burst_ms: float = 500.0
    bias: float = 0.7
    gain: float = 0.3
    bend: float = 0.3
    gap: float = 1.0
    direction: float = 0.1


class EnsembleParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weight of each model, made to sum to 1, and when the signal counts as a call.

    Parameters
    ----------
    weighting : str
        ``configured``: the weights below. ``learned``: those that best join what the models say out
        of fold.
    folds : int
        Parts of the training window, each predicted by models fitted to the others; calibration,
        thresholds and learned weights rest on that. 0 calibrates on the held-out tail alone.
    fold_rows : int
        Most rows that the models of a fold are fitted on, reflected ones too.
    fold_epochs : int
        Most passes of the LSTM of a fold.
    logistic, random_forest, lstm, xgboost : float
        Weights.
    false_positive_target : float
        Calls start at the probability from which, out of fold, at most this share is wrong.

    """

    weighting: Literal["configured", "learned"] = "configured"
    folds: int = 4
    fold_rows: int = 150_000
    fold_epochs: int = 8
    logistic: float = 0.1
    random_forest: float = 0.3
    lstm: float = 0.4
    xgboost: float = 0.2
    false_positive_target: float = 0.05


class TrainingConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what a trained artifact is, except the data.

    Parameters
    ----------
    name : str
        Artifacts are kept under this name.
    instruments : tuple[str, ...]
        Instrument ids; empty for all in the catalog.
    start, end : datetime, optional
        UTC. Nothing within the embargo of ``end`` is used, so a test may begin at ``end``. By
        default everything that the catalog holds.
    horizon_ms : int
        The mid this long after an event is predicted.
    score_horizons_ms : tuple[int, ...]
        Other horizons that get a calibration, for scoring.
    embargo_ms : int
        Distance of label intervals on both sides of a split.
    validation_fraction : float
        Share of each recording, at its end, held out for early stopping and calibration.
    mirror : bool
        Whether the models also see the market upside down.
    seed : int
        Seed of every random choice.
    label : LabelParams
        What is predicted.
    features : FeatureParams
        Parameters of the feature engine.
    columns : tuple[str, ...]
        Features to learn from, by name, in this order; empty to leave the choice to `selection`.
    selection : SelectionParams
        How the 25 features are chosen.
    walk_forward : WalkForwardParams
        Folds of `walk_forward_scores`.
    logistic, random_forest, lstm, xgboost, ensemble
        Sizes and settings of each model.
    move_rate : MoveRateParams
        The correction from known outcomes; only `horizon` labels have one.

    """

    name: str
    instruments: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    horizon_ms: int = 500
    score_horizons_ms: tuple[int, ...] = (100, 500, 1000)
    embargo_ms: int = 5000
    validation_fraction: float = 0.2
    mirror: bool = True
    seed: int = 7
    label: LabelParams = LabelParams()
    features: FeatureParams = FeatureParams()
    columns: tuple[str, ...] = ()
    selection: SelectionParams = SelectionParams()
    walk_forward: WalkForwardParams = WalkForwardParams()
    logistic: LogisticParams = LogisticParams()
    random_forest: ForestParams = ForestParams()
    lstm: LstmParams = LstmParams()
    xgboost: BoostingParams = BoostingParams()
    ensemble: EnsembleParams = EnsembleParams()
    move_rate: MoveRateParams = MoveRateParams()

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with, naming the key."""
        weights = self.ensemble
        for key, fine, remedy in (
            ("name", bool(self.name) and "/" not in self.name, "give a plain name"),
            ("horizon_ms", self.horizon_ms > 0, "give a positive number of milliseconds"),
            ("score_horizons_ms", all(h > 0 for h in self.score_horizons_ms), "give positive ones"),
            ("embargo_ms", self.embargo_ms >= 0, "give 0 or more milliseconds"),
            ("validation_fraction", 0.0 < self.validation_fraction < 1.0, "give a share, as 0.2"),
            ("random_forest.depth", 0 < self.random_forest.depth <= MAX_DEPTH, _DEPTH),
            ("xgboost.depth", 0 < self.xgboost.depth <= MAX_DEPTH, _DEPTH),
            ("random_forest.tree_rows", self.random_forest.tree_rows > 0, "give 1 or more"),
            ("lstm.epoch_events", self.lstm.epoch_events > 0, "give 1 or more"),
            ("move_rate", min(msgspec.structs.astuple(self.move_rate)) >= 0.0, _RATE),
            ("lstm.device", self.lstm.device in DEVICES, f"choose one of {', '.join(DEVICES)}"),
            ("ensemble.folds", weights.folds == 0 or weights.folds > 1, "give 2 or more, or 0"),
            ("ensemble.fold_rows", weights.fold_rows > 0, "give a positive number"),
            ("ensemble.fold_epochs", weights.fold_epochs > 0, "give a positive number"),
            (
                "ensemble",
                min(weights.logistic, weights.random_forest, weights.lstm, weights.xgboost) >= 0.0
                and weights.logistic + weights.random_forest + weights.lstm + weights.xgboost > 0.0,
                "give weights that are not negative and not all zero",
            ),
        ):
            if not fine:
                message = f"training configuration: {key} has a value that cannot be used"
                raise UsageError(message, remedy)

    @property
    def start_ns(self) -> int | None:
        """Start of the window in nanoseconds since the epoch."""
        return None if self.start is None else to_ns(self.start)

    @property
    def end_ns(self) -> int | None:
        """End of the window in nanoseconds since the epoch."""
        return None if self.end is None else to_ns(self.end)


_RATE = "give values of 0 or more"
_DEPTH = f"give a depth of 1 to {MAX_DEPTH}"


def load_training_config(path: Path | None, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Read a training configuration.

    Parameters
    ----------
    path : Path, optional
        A TOML file; by default every key has its default.
    overrides : Sequence[str]
        ``PATH=VALUE`` assignments, applied after the file is read.

    Returns
    -------
    TrainingConfig
        The configuration.

    Raises
    ------
    UsageError
        If the file or a key in it cannot be used; names file, line, key and the nearest valid key.

    """
    settings = {"name": "default"} if path is None else read_toml(path)
    for assignment in overrides:
        apply_override(settings, assignment)
    return convert(settings, TrainingConfig, path or Path("--set"))
