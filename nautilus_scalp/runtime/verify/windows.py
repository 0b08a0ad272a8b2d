"""Windows: what the model was trained on must not be what it is judged or traded on."""

from nautilus_scalp.evaluation.leak import closest_ns
from nautilus_scalp.evaluation.leak import overlap_ns
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import at_least
from nautilus_scalp.runtime.verify.check import at_most
from nautilus_scalp.runtime.verify.check import not_applicable
from nautilus_scalp.runtime.verify.markets import Trial
from nautilus_scalp.runtime.verify.subject import RULES_ALONE
from nautilus_scalp.runtime.verify.subject import Subject
from nautilus_scalp.settings import to_iso
from nautilus_scalp.training.config import TrainingConfig
from nautilus_scalp.training.dataset import build_dataset


_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000


def check_overlap(subject: Subject) -> Check:
    """Compare the training window of the artifact with what the configuration backtests.

    Parameters
    ----------
    subject : Subject
        The target.

    Returns
    -------
    Check
        Seconds that both share, the embargo before training included.

    """
    name = "train_test_overlap"
    if subject.window is None:
        return not_applicable(name, "no backtest window: name a backtest configuration")
    if subject.ensemble is None:
        return not_applicable(name, RULES_ALONE)
    manifest = subject.ensemble.manifest
    known = (manifest.train_start_ns - manifest.embargo_ms * _NS_PER_MS, manifest.train_end_ns)
    window = (subject.window.start_ns, subject.window.end_ns)
    return at_most(
        name,
        overlap_ns(known, window) / _NS_PER_S,
        0.0,
        f"s of the backtest {to_iso(window[0])} .. {to_iso(window[1])} lie in the training window "
        f"{to_iso(manifest.train_start_ns)} .. {to_iso(manifest.train_end_ns)}",
    )


def check_split(training: TrainingConfig, trial: Trial) -> Check:
    """Measure how close label intervals of fitted and held-out rows come to each other.

    Parameters
    ----------
    training : TrainingConfig
        Whose label, embargo and split.
    trial : Trial
        A market to split.

    Returns
    -------
    Check
        The smallest distance in milliseconds, at least the embargo.

    """
    dataset = build_dataset(trial.tape, training)
    sides = [
        (dataset.ts_event_ns[rows], dataset.target.end_ns[rows])
        for rows in (dataset.split.train, dataset.split.holdout)
    ]
    return at_least(
        "split_distance_ms",
        closest_ns(*sides) / _NS_PER_MS,
        float(training.embargo_ms),
        "between the closest label intervals of fitted and held-out rows",
    )
