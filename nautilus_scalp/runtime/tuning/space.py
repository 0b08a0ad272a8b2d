"""What may be changed: the dials of a training and of a backtest configuration."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec import structs
from optuna.trial import BaseTrial

from nautilus_scalp.errors import UsageError
from nautilus_scalp.models.trees import MAX_DEPTH
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.fit_lstm import choose_device


_WEIGHTS = ("logistic", "random_forest", "lstm", "xgboost")
_FACTORS = (0.5, 2.0)
# In per cent where a block's thresholds are; in units of volatility, half to twice what is set.
_PERCENT = {
    "ladder.spread_target": (0.05, 0.2),
    "rule.deviation_threshold": (0.1, 0.5),
    "rule.momentum_threshold": (0.1, 1.0),
    "exits.profit_target": (0.1, 0.5),
    "exits.stop_loss": (0.1, 0.3),
    "exits.trailing_stop": (0.1, 0.3),
}
_SCALED = ("order_notional", "entry.order_notional", "rule.volume_multiplier")
_FIXED = {"signal.override_confidence": (0.55, 0.70)}
_POSITIONS = (1, 10)

type Value = float | int | str


class Dial(Struct, frozen=True, kw_only=True):
    """
    One parameter to turn.

    Attributes
    ----------
    path : str
        Its place in the configuration, as ``--set`` knows it.
    low, high : float
        Its range, both ends included.
    log, whole : bool
        Whether its logarithm is drawn, and whether it is a whole number.
    choices : tuple of str or int
        Its values, where it has no range.
    share : bool
        Whether it is a weight, made to sum to 1 with the others of its table.
    needs : tuple[str, str], optional
        A path and the value there without which the dial does nothing.

    """

    path: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    whole: bool = False
    choices: tuple[str | int, ...] = ()
    share: bool = False
    needs: tuple[str, str] | None = None

    def turn(self, trial: BaseTrial) -> Value:
        """Return the value that a trial proposes."""
        if self.choices:
            chosen: str | int = trial.suggest_categorical(self.path, self.choices)  # type: ignore[assignment]  # one of them
            return chosen
        if self.whole:
            return trial.suggest_int(self.path, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.path, self.low, self.high, log=self.log)


_HIDDEN = (64, 128, 256, 512)
_HIDDEN_ON_CPU = (64, 128)  # 512 units cost 50 times the work of 64
_KIND = "label.kind"
_TRAINING = (
    Dial(path="logistic.c", low=1e-3, high=1e2, log=True),
    Dial(path="random_forest.trees", low=50, high=200, whole=True),
    Dial(path="random_forest.depth", low=4, high=min(12, MAX_DEPTH), whole=True),
    Dial(path="random_forest.min_leaf", low=1, high=500, log=True, whole=True),
    Dial(path="lstm.learning_rate", low=1e-5, high=1e-2, log=True),
    Dial(path="lstm.batch", choices=(32, 64, 128, 256)),
    Dial(path="lstm.sequence", low=50, high=500, log=True, whole=True),
    Dial(path="lstm.hidden", choices=_HIDDEN),
    Dial(path="lstm.dropout", low=0.1, high=0.4),
    Dial(path="xgboost.trees", low=50, high=200, whole=True),
    Dial(path="xgboost.depth", low=3, high=min(8, MAX_DEPTH), whole=True),
    Dial(path="xgboost.eta", low=0.02, high=0.3, log=True),
    Dial(path="xgboost.subsample", low=0.5, high=1.0),
    Dial(path="xgboost.colsample", low=0.5, high=1.0),
    Dial(path="xgboost.min_child_weight", low=0.5, high=50.0, log=True),
    Dial(path=_KIND, choices=("horizon", "cost_band", "triple_barrier")),
    Dial(path="label.band_bps", low=0.05, high=1.0, log=True, needs=(_KIND, "cost_band")),
    Dial(path="label.width", low=0.5, high=3.0, needs=(_KIND, "triple_barrier")),
    *(Dial(path=f"ensemble.{name}", low=0.01, high=1.0, share=True) for name in _WEIGHTS),
)


def training_space(config: TrainingConfig) -> tuple[Dial, ...]:
    """Return the dials of models, label and ensemble weights, unless training learns the weights.

    Parameters
    ----------
    config : TrainingConfig
        What is tuned. Where its LSTM is trained on the CPU, the widest are left out.

    """
    learned = config.ensemble.weighting == "learned"
    slow = choose_device(config.lstm.device).type == "cpu"
    dials = (dial for dial in _TRAINING if not (dial.share and learned))
    return tuple(
        structs.replace(dial, choices=_HIDDEN_ON_CPU) if slow and dial.choices == _HIDDEN else dial
        for dial in dials
    )


def backtest_space(config: BacktestConfig) -> tuple[Dial, ...]:
    """Return the dials of the strategies that a configuration has; equal classes turn together.

    Parameters
    ----------
    config : BacktestConfig
        Its blocks say which thresholds are set, and in what unit.

    """
    found: dict[str, Dial] = {}
    for block in config.strategies:
        where = f"strategies.{block.class_path.rpartition(':')[2]}.config"
        for dial in _strategy_dials(where, block.config):
            found.setdefault(dial.path, dial)
    for actor in config.actors:
        written = _flat(actor.config)
        for path in (path for path in written if path.rpartition(".")[2] == "max_positions"):
            name = f"actors.{actor.class_path.rpartition(':')[2]}.config.{path}"
            found[name] = Dial(path=name, low=_POSITIONS[0], high=_POSITIONS[1], whole=True)
    return tuple(found.values())


def chosen_dials(space: Sequence[Dial], only: Sequence[str]) -> tuple[Dial, ...]:
    """Return the dials whose paths contain one of some words; all of them without any.

    Raises
    ------
    UsageError
        If a word fits no dial.

    """
    for word in only:
        if not any(word in dial.path for dial in space):
            message = f"--only {word}: no parameter's path contains it"
            raise UsageError(message, f"there are {', '.join(dial.path for dial in space)}")
    return tuple(dial for dial in space if not only or any(word in dial.path for word in only))


def propose(trial: BaseTrial, space: Sequence[Dial]) -> dict[str, Value]:
    """Return the values that a trial proposes, by the paths of the dials that do something.

    Parameters
    ----------
    trial : BaseTrial
        Of Optuna.
    space : sequence of Dial
        The dials, each behind the one that it needs.

    """
    values: dict[str, Value] = {}
    for dial in space:
        if dial.needs is None or values.get(dial.needs[0], dial.needs[1]) == dial.needs[1]:
            values[dial.path] = dial.turn(trial)
    return values


def overrides(values: Mapping[str, Value], space: Sequence[Dial]) -> list[str]:
    """Return values as ``PATH=VALUE`` assignments, weights normalised.

    Parameters
    ----------
    values : Mapping[str, Value]
        By the dials' paths.
    space : sequence of Dial
        The dials; those without a value are left as they are configured.

    """
    turned = [dial for dial in space if dial.path in values]
    total = sum(float(values[dial.path]) for dial in turned if dial.share)
    assignments = []
    for dial in turned:
        value = values[dial.path]
        if dial.share:
            value = float(value) / total
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        assignments.append(f"{dial.path}={text}")
    return assignments


def _strategy_dials(where: str, block: Mapping[str, Any]) -> Iterator[Dial]:
    written = _flat(block)
    for path, percent in _PERCENT.items():
        if path not in written:
            continue
        unit = written.get(f"{path.rpartition('.')[0]}.threshold_unit", "percent")
        around = [factor * float(written[path]) for factor in _FACTORS]
        low, high = percent if unit == "percent" else around
        yield Dial(path=f"{where}.{path}", low=low, high=high)
    for path in (path for path in _SCALED if path in written):
        low, high = (factor * float(written[path]) for factor in _FACTORS)
        yield Dial(path=f"{where}.{path}", low=low, high=high, log=True)
    if written.get("signal.mode") == "combined":
        for path, (low, high) in _FIXED.items():
            yield Dial(path=f"{where}.{path}", low=low, high=high)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found
