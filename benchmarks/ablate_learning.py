"""What each design choice of the training bought, on rows that the models never saw.

    python -m benchmarks.ablate_learning [--minutes M] [--catalog DIR] [--work DIR]

Folds: the recordings before 2024-07-19 in turn, four parts of recorded time (purged), an instrument
by models of the other, and half an hour of a synthetic market with edge 0.9 by models of the half
hour before. The sample's own test window decides nothing. Every choice is undone alone; a row shows
what that changes, averaged over folds and instruments by their moves, with a 95 % interval from a
paired bootstrap over blocks of time. Sizes are SPEC's but for the LSTM (16 units, 8 passes) and the
forest (50 trees); two parts are predicted out of fold instead of four; of the synthetic market
every fourth thousand of rows is learned from and every fourth quote scored. A choice that leaves a
fold without a class to learn is compared on the others, as the number of moves tells.

Fitted models are kept in DIR, so that the command can be interrupted, or told to stop after some
minutes, and goes on where it was. It prints a table of what is there.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.ablation_joins import JOINS
from benchmarks.ablation_joins import Join
from benchmarks.ablation_joins import Part
from benchmarks.ablation_joins import publish
from benchmarks.ablation_table import Cells
from benchmarks.ablation_table import Said
from benchmarks.ablation_table import print_table
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.synthetic.events import synthetic_tape
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.errors import InputError
from nautilus_scalp.features.catalogue import SELECTED
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.ensemble import Ensemble
from nautilus_scalp.settings import to_ns
from nautilus_scalp.training.config import EnsembleParams
from nautilus_scalp.training.config import ForestParams
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.config import SelectionParams
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import add_features
from nautilus_scalp.training.fit_models import fit_packed
from nautilus_scalp.training.folds import Fold
from nautilus_scalp.training.folds import WalkForwardParams
from nautilus_scalp.training.frame import Frame
from nautilus_scalp.training.frame import build_frame
from nautilus_scalp.training.frame import hold_out_tail
from nautilus_scalp.training.out_of_fold import predict_out_of_fold
from nautilus_scalp.training.pipeline import assemble
from nautilus_scalp.training.splits import thin
from nautilus_scalp.training.stages import Arrays
from nautilus_scalp.training.stages import Stages
from nautilus_scalp.training.walk_forward import frame_folds


type Floats = npt.NDArray[np.float64]
type Patches = dict[str, Callable[..., object]]

END_NS = to_ns(datetime(2024, 7, 19, tzinfo=UTC))
SYNTHETIC = "synthetic"
MARKET = SyntheticParams(seed=77, hours=1.0, edge=0.9)
FOLDS = {  # name -> how a market is cut
    "recordings": WalkForwardParams(scheme="recordings"),
    "parts": WalkForwardParams(scheme="kfold", folds=4),
    "instruments": WalkForwardParams(scheme="instruments"),
    SYNTHETIC: WalkForwardParams(scheme="expanding", folds=1, stride=4),
}
SHIPPED = "as shipped"
TREES = ("random_forest", "xgboost")
replace = msgspec.structs.replace
BASE = TrainingConfig(
    name="ablation",
    random_forest=ForestParams(trees=50),
    lstm=LstmParams(hidden=16, head=16, batch=16, epochs=8),
    ensemble=EnsembleParams(folds=2, fold_rows=60_000, fold_epochs=5),
)


def plain_scaler(values: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation with the tails as they are."""
    scale = values.std(axis=0)
    return values.mean(axis=0), np.where(scale > 0.0, scale, 1.0)


def no_scaler(values: Floats) -> tuple[Floats, Floats]:
    """Return a scaling that changes nothing but the clipping at 5."""
    return np.zeros(values.shape[1]), np.ones(values.shape[1])


def equal_weights(ts_event_ns: npt.NDArray[np.int64], *_interval: object) -> Floats:
    """Let every row count the same."""
    return np.ones(len(ts_event_ns))


def with_total_volume() -> tuple[str, ...]:
    """Return the 25 with what trades ate of the thinner queue replaced by the volume alone."""
    return tuple("volume.sum.250ms" if name == "thin_eaten.now" else name for name in SELECTED)


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """
    A choice that is undone before fitting.

    Attributes
    ----------
    config : TrainingConfig
    patches : dict[str, callable]
        Functions below `nautilus_scalp.training` that others take the place of.
    same_trees : bool
        Whether forest and boosting are those of what is shipped.

    """

    config: TrainingConfig = BASE
    patches: Patches = {}
    same_trees: bool = False


FITS = {
    SHIPPED: Fit(),
    "without the mirror": Fit(config=replace(BASE, mirror=False)),
    "without uniqueness weights": Fit(
        patches={"dataset.uniqueness": equal_weights, "out_of_fold.uniqueness": equal_weights}
    ),
    "features learned, not fixed": Fit(
        config=replace(BASE, selection=SelectionParams(method="learned"))
    ),
    "volume, not what it ate of a queue": Fit(config=replace(BASE, columns=with_total_volume())),
    "scaling by plain mean and deviation": Fit(
        patches={"fit_models.fit_scaler": plain_scaler}, same_trees=True
    ),
    "inputs not standardised": Fit(patches={"fit_models.fit_scaler": no_scaler}, same_trees=True),
}


class TreesOf(Stages):
    """The stages of a variant whose trees are those of another.

    Parameters
    ----------
    path : Path
        Directory of the variant.
    other : Stages
        Where the trees are.

    """

    def __init__(self, path: Path, other: Stages) -> None:
        super().__init__(path)
        self._home, self._other = path, other

    def run(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """Return what a stage hands on; trees are shared."""
        return self._other.run(name, compute) if name in TREES else super().run(name, compute)

    def inner(self, name: str) -> "TreesOf":
        """Return the stages of a part of the training."""
        return TreesOf(self._home / name, self._other.inner(name))


def main() -> None:
    """Fit what is missing until time is up; print a table of what is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--catalog", type=Path, default=Path("catalogs/sample"))
    parser.add_argument("--work", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no fit later")
    options = parser.parse_args()
    deadline = time.monotonic() + 60.0 * options.minutes
    table: dict[str, Cells] = {}
    for kind, params in FOLDS.items():
        for fold_name, mirrored in _cut(_tape(kind, options.catalog), params):
            home = options.work / kind / fold_name.replace(" ", "-")
            for name in FITS:
                if time.monotonic() > deadline:
                    print(f"stopped before {kind}, {fold_name}, {name}", flush=True)  # noqa: T201
                    continue
                for row, found in _tried(name, mirrored, params, home).items():
                    cells = {(kind, fold_name, index): said for index, said in found.items()}
                    table.setdefault(row, {}).update(cells)
    print_table(table, tuple(FOLDS), SHIPPED)


def _tape(kind: str, catalog: Path) -> Tape:
    return synthetic_tape(MARKET) if kind == SYNTHETIC else read_tape(catalog, None, None, END_NS)


def _cut(tape: Tape, params: WalkForwardParams) -> list[tuple[str, dict[bool, tuple[Frame, Fold]]]]:
    """Return the folds of a market by name, each with the reflected market and without."""
    cut: dict[str, dict[bool, tuple[Frame, Fold]]] = {}
    for mirror in (True, False):
        config = replace(BASE, mirror=mirror, walk_forward=params)
        frame = build_frame(tape, config)
        for fold in frame_folds(frame, config):
            cut.setdefault(fold.name, {})[mirror] = (frame, fold)
    return list(cut.items())


def _tried(
    name: str, mirrored: dict[bool, tuple[Frame, Fold]], params: WalkForwardParams, home: Path
) -> dict[str, dict[int, Said]]:
    """Fit a variant to a fold, or say why that cannot be done, and return its rows."""
    started = time.monotonic()
    fit = FITS[name]
    fit = replace(fit, config=replace(fit.config, walk_forward=params))
    own = home / name.replace(" ", "-")
    stages = (
        TreesOf(own, Stages(home / SHIPPED.replace(" ", "-"))) if fit.same_trees else Stages(own)
    )
    try:
        part = fitted(*mirrored[fit.config.mirror], fit, stages)
    except InputError as error:  # a fold may lack a class, and the others have to do
        print(f"{home.parent.name}, {home.name}, {name}: {error.message}", flush=True)  # noqa: T201
        return {}
    joins = {SHIPPED: Join(), **JOINS} if name == SHIPPED else {name: Join()}
    found = {row: publish(part, join) for row, join in joins.items()}
    took = time.monotonic() - started
    print(f"{home.parent.name}, {home.name}, {name}: {took:.0f} s", flush=True)  # noqa: T201
    return found


def fitted(frame: Frame, fold: Fold, fit: Fit, stages: Stages) -> Part:
    """Fit models to the training rows of a fold.

    Parameters
    ----------
    frame : Frame
        The rows.
    fold : Fold
        Which of them to learn from and to score.
    fit : Fit
        What to undo.
    stages : Stages
        Where fitted models are kept.

    Returns
    -------
    Part
        The models' forecasts.

    """
    config = fit.config
    inner = hold_out_tail(frame, fold.split.train, config)
    inner = replace(inner, train=thin(inner.train, config.walk_forward.stride))
    at_once = replace(config, ensemble=replace(config.ensemble, folds=0))
    with ExitStack() as undone:
        for name, other in fit.patches.items():
            undone.enter_context(patch(f"nautilus_scalp.training.{name}", other))
        dataset = add_features(frame, inner, config, stages)
        # only rows that were given to the fold may calibrate it
        dataset = replace(dataset, usable=dataset.usable & fold.split.train)
        arrays = fit_packed(
            dataset.side(dataset.split.train),
            dataset.side(dataset.split.holdout),
            config,
            stages=stages.inner("whole"),
        )
        raw = Ensemble(assemble(arrays, dataset, at_once, fold.name, {}).manifest, arrays)
        apart = predict_out_of_fold(dataset, raw, config, _silent, stages)
    return Part(
        config=config,
        dataset=dataset,
        test=fold.split.holdout[: len(dataset.matrix)],
        per_model=raw.predict_matrix(dataset.matrix).per_model,
        apart=apart,
        tail=predict_out_of_fold(dataset, raw, at_once, _silent, stages),
    )


def _silent(_stage: str, _fraction: float) -> None:
    """Report nothing."""


if __name__ == "__main__":
    main()
