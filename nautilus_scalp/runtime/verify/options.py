"""How much synthetic market and how small models a verification uses."""

from collections.abc import Callable
from collections.abc import Sequence

import msgspec

from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.matrix import FeatureMatrix
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.training.config import BoostingParams
from nautilus_scalp.training.config import ForestParams
from nautilus_scalp.training.config import LogisticParams
from nautilus_scalp.training.config import LstmParams


type Compute = Callable[[Tape, FeatureParams, Sequence[str]], FeatureMatrix]


class VerifyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """
    The size of a verification; the defaults take some minutes of one core.

    Attributes
    ----------
    seed : int
        Of every market, split and shuffle.
    edge : float
        Strength of the planted edge.
    placebo_hours, edge_hours, test_hours, strategy_hours : float
        Length of the markets that the placebo and the planted edge are learned on, of those that
        both are judged on, and of the one that strategies trade on.
    invariance_events, cuts : int
        Events of the tape that is cut off, and how often.
    parity_hours : float
        Length of the market that is predicted in batch, as a stream and from a tape.
    min_recovered : float
        Share of the planted edge, in AUC and in bps, that the ensemble must recover.
    folds : int
        Parts of a market that are predicted out of fold to calibrate on.
    logistic, random_forest, lstm, xgboost
        Sizes of the models that are trained here: small, and stiff enough for bursts of quotes
        that say the same thing many times.
    compute : callable
        Computes features; for tests that plant a leak.

    """

    seed: int = 1
    edge: float = 0.9
    placebo_hours: float = 0.25
    edge_hours: float = 1.0
    test_hours: float = 2.0
    strategy_hours: float = 0.1
    invariance_events: int = 40_000
    cuts: int = 12
    parity_hours: float = 0.05
    min_recovered: float = 0.9
    folds: int = 2
    logistic: LogisticParams = LogisticParams(max_iter=300)
    random_forest: ForestParams = ForestParams(trees=20, depth=6, min_split=400, min_leaf=200)
    lstm: LstmParams = LstmParams(
        hidden=8, head=8, dropout=0.0, batch=32, learning_rate=1e-2, epochs=6
    )
    xgboost: BoostingParams = BoostingParams(trees=40, depth=3, eta=0.15, min_child_weight=15.0)
    compute: Compute = compute_matrix
