"""All checks of a target in one run."""

from pathlib import Path

import msgspec

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import Verification
from nautilus_scalp.runtime.verify.check import not_applicable
from nautilus_scalp.runtime.verify.features import check_features
from nautilus_scalp.runtime.verify.markets import LONGEST_WARM_UP_H
from nautilus_scalp.runtime.verify.markets import learnable
from nautilus_scalp.runtime.verify.markets import try_market
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.runtime.verify.parity import check_parity
from nautilus_scalp.runtime.verify.placebos import check_random_walk
from nautilus_scalp.runtime.verify.placebos import check_shuffled_labels
from nautilus_scalp.runtime.verify.planted import check_planted_edge
from nautilus_scalp.runtime.verify.strategies import check_strategies
from nautilus_scalp.runtime.verify.subject import RULES_ALONE
from nautilus_scalp.runtime.verify.subject import Subject
from nautilus_scalp.runtime.verify.subject import find_subject
from nautilus_scalp.runtime.verify.windows import check_overlap
from nautilus_scalp.runtime.verify.windows import check_split
from nautilus_scalp.training.config import TrainingConfig


DEFAULT_OPTIONS = VerifyOptions()
_OF_A_MODEL = (
    *("prefix_invariance", "split_distance_ms", "shuffled_labels", "random_walk"),
    *("planted_edge", "parity"),
)


def verify(
    target: Path,
    options: VerifyOptions = DEFAULT_OPTIONS,
    progress: Report = lambda _stage, _fraction: None,
) -> Verification:
    """Check a model, or what a configuration trains and trades, for knowledge it should not have.

    Parameters
    ----------
    target : Path
        Directory of an artifact, a training configuration or a backtest configuration.
    options : VerifyOptions, optional
        Sizes and seed.
    progress : Report, optional
        Told which check runs.

    Returns
    -------
    Verification
        Every check and the verdict; equal for equal target, data and options.

    Raises
    ------
    UsageError
        If the target cannot be found.
    InputError
        If the artifact or the data is damaged.

    """
    subject = find_subject(target, options, progress)
    checks = [check_overlap(subject)]
    if subject.training is None:
        checks += [not_applicable(name, RULES_ALONE) for name in _OF_A_MODEL]
    else:
        checks += _check_model(subject, subject.training, options, progress)
    progress("strategies on a random walk", 0.9)
    checks += check_strategies(subject, options)
    failed = any(check.passed is False for check in checks)
    untrained = "trained here" if subject.training else "none"
    return Verification(
        checks=checks,
        verdict="no" if failed else "yes",
        target=str(target),
        model=subject.ensemble.manifest.model_id if subject.ensemble else untrained,
        seed=options.seed,
        notes=_notes(subject.training),
    )


def _notes(training: TrainingConfig | None) -> list[str]:
    """Say what the retrained models had to do without."""
    if training is None:
        return []
    kept = learnable(training.columns, training.features)
    slow = [name for name in training.columns if name not in kept]
    if not slow:
        return []
    return [f"retrained without {', '.join(slow)}: warm after {LONGEST_WARM_UP_H:g} hours and more"]


def _check_model(
    subject: Subject, training: TrainingConfig, options: VerifyOptions, progress: Report
) -> list[Check]:
    """Check features, labels and pipeline of a model, retrained small on synthetic markets."""
    own = training.columns
    training = msgspec.structs.replace(training, columns=learnable(own, training.features))
    progress("planted edge: training", 0.05)
    planted = try_market(training, options, options.edge, options.edge_hours)
    progress("prefix invariance", 0.5)
    names = own or planted.ensemble.manifest.feature_names
    tape = _recorded(subject) or planted.tape
    checks = check_features(training.features, names, options, tape)
    checks.append(check_split(training, planted))
    progress("shuffled labels", 0.55)
    checks += check_shuffled_labels(training, options, planted)
    progress("random walk: training", 0.6)
    checks += check_random_walk(try_market(training, options, 0.0, options.placebo_hours))
    progress("planted edge", 0.8)
    checks += check_planted_edge(planted, options)
    progress("parity", 0.85)
    return checks + check_parity(subject.ensemble or planted.ensemble, options)


def _recorded(subject: Subject) -> Tape | None:
    """Return what the configuration backtests, for checks that need no known truth."""
    if subject.config is None or subject.window is None:
        return None
    catalog, window = Path(subject.config.run.catalog), subject.window
    return read_tape(catalog, None, window.start_ns, window.end_ns, extras=True)
