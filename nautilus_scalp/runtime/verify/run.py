"""All checks of a target in one run."""

from pathlib import Path

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import Verification
from nautilus_scalp.runtime.verify.features import check_features
from nautilus_scalp.runtime.verify.markets import try_market
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.runtime.verify.parity import check_parity
from nautilus_scalp.runtime.verify.placebos import check_random_walk
from nautilus_scalp.runtime.verify.placebos import check_shuffled_labels
from nautilus_scalp.runtime.verify.planted import check_planted_edge
from nautilus_scalp.runtime.verify.strategies import check_strategies
from nautilus_scalp.runtime.verify.subject import Subject
from nautilus_scalp.runtime.verify.subject import find_subject
from nautilus_scalp.runtime.verify.windows import check_overlap
from nautilus_scalp.runtime.verify.windows import check_split


DEFAULT_OPTIONS = VerifyOptions()


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
        If the target cannot be found or has no model.
    InputError
        If the artifact or the data is damaged.

    """
    subject = find_subject(target, options, progress)
    checks: list[Check] = [check_overlap(subject)]
    progress("planted edge: training", 0.05)
    planted = try_market(subject, options, options.edge, options.edge_hours)
    progress("prefix invariance", 0.5)
    checks += check_features(subject, options, _recorded(subject) or planted.tape)
    checks.append(check_split(subject, planted))
    progress("shuffled labels", 0.55)
    checks += check_shuffled_labels(subject, options, planted)
    progress("random walk: training", 0.6)
    checks += check_random_walk(try_market(subject, options, 0.0, options.placebo_hours))
    progress("planted edge", 0.8)
    checks += check_planted_edge(planted, options)
    progress("parity", 0.85)
    checks += check_parity(subject.ensemble or planted.ensemble, options)
    progress("strategies on a random walk", 0.9)
    checks += check_strategies(subject, options)
    failed = any(check.passed is False for check in checks)
    return Verification(
        checks=checks,
        verdict="no" if failed else "yes",
        target=str(target),
        model=subject.ensemble.manifest.model_id if subject.ensemble else "trained here",
        seed=options.seed,
    )


def _recorded(subject: Subject) -> Tape | None:
    """Return what the configuration backtests, for checks that need no known truth."""
    if subject.config is None or subject.window is None:
        return None
    window = subject.window
    return read_tape(Path(subject.config.run.catalog), None, window.start_ns, window.end_ns)
