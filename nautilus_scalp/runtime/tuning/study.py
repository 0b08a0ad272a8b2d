"""A seeded Optuna study that an interruption cannot change."""

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import msgspec
import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from nautilus_scalp.errors import ScalpError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.tuning.space import Dial
from nautilus_scalp.runtime.tuning.space import overrides
from nautilus_scalp.runtime.tuning.space import propose


_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_RANDOM_TRIALS = 8  # before the sampler learns from what it has seen
_UNPRUNED_TRIALS = 4
_FOLDS, _OVERRIDES, _REFUSED = "folds", "overrides", "refused"

type OnFold = Callable[[int, float], None]
type Objective = Callable[[Sequence[str], OnFold], None]


class StudyPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which study, and how far it goes.

    Attributes
    ----------
    journal : Path
        File that keeps the trials; a study of the same name in it is resumed.
    name : str
        Of the study.
    space : tuple[Dial, ...]
        What may be changed.
    trials : int
        In all, the ones of earlier calls and the baseline included.
    seed : int
        Of the sampler.

    """

    journal: Path
    name: str
    space: tuple[Dial, ...]
    trials: int
    seed: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """
    One trial that ran to its end.

    Attributes
    ----------
    number : int
        0 is the configuration as it was given.
    overrides : list[str]
        What it changed.
    folds : list[float]
        Its score on each fold.

    """

    number: int
    overrides: list[str]
    folds: list[float]

    @property
    def score(self) -> float:
        """Mean over the folds."""
        return sum(self.folds) / len(self.folds)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a study has found so far.

    Attributes
    ----------
    attempts : list[Attempt]
        Every trial that ran to its end, the baseline first.
    pruned, refused : int
        Trials that were given up after a fold, and those whose values no configuration takes.

    """

    attempts: list[Attempt]
    pruned: int
    refused: int

    @property
    def trials(self) -> int:
        """Everything that was tried."""
        return len(self.attempts) + self.pruned + self.refused

    @property
    def best(self) -> Attempt:
        """The highest score; the earliest of several."""
        return max(self.attempts, key=lambda attempt: (attempt.score, -attempt.number))


def run_study(plan: StudyPlan, objective: Objective, progress: Report) -> Outcome:
    """Try the configuration as it is, then others, until there are as many trials as asked for.

    What a trial proposes follows from the seed and the finished trials before it alone, so a study
    that was interrupted and resumed is the study that was not.

    Parameters
    ----------
    plan : StudyPlan
        Which study.
    objective : callable
        Called with ``PATH=VALUE`` assignments; it tells the score of every fold in turn, higher
        being better, and lets pass what that raises.
    progress : Report
        Told of every trial.

    Returns
    -------
    Outcome
        Of all trials so far.

    Raises
    ------
    UsageError
        If the configuration as it is cannot be scored.

    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    plan.journal.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=plan.name,
        storage=JournalStorage(JournalFileBackend(str(plan.journal))),
        direction="maximize",
        pruner=MedianPruner(n_startup_trials=_UNPRUNED_TRIALS, n_warmup_steps=0),
        load_if_exists=True,
    )
    if not _finished(study):
        progress("trial 1: as configured", 0.0)
        _add_baseline(study, objective)
    while (done := len(_finished(study))) < plan.trials:
        study.sampler = TPESampler(seed=plan.seed + done, n_startup_trials=_RANDOM_TRIALS)
        _try(study, plan, objective, progress)
    return outcome(_finished(study))


def outcome(finished: Sequence[FrozenTrial]) -> Outcome:
    """Return finished trials as what they mean."""
    attempts = [
        Attempt(
            number=number,
            overrides=trial.user_attrs[_OVERRIDES],
            folds=trial.user_attrs[_FOLDS],
        )
        for number, trial in enumerate(finished)
        if trial.state == TrialState.COMPLETE
    ]
    refused = sum(_REFUSED in trial.user_attrs for trial in finished)
    return Outcome(
        attempts=attempts, pruned=len(finished) - len(attempts) - refused, refused=refused
    )


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    return list(study.get_trials(deepcopy=False, states=_FINISHED))


def _add_baseline(study: optuna.Study, objective: Objective) -> None:
    """Score the configuration as it is; its values may lie outside of every range."""
    folds: list[float] = []
    objective((), lambda _index, score: folds.append(score))
    if not folds:
        message = "the configuration as it is has no fold to be scored on"
        raise UsageError(message, "widen its window")
    study.add_trial(
        optuna.trial.create_trial(
            value=_mean(folds),
            intermediate_values=dict.fromkeys(range(len(folds)), 0.0),
            user_attrs={_FOLDS: folds, _OVERRIDES: []},
        )
    )


def _try(study: optuna.Study, plan: StudyPlan, objective: Objective, progress: Report) -> None:
    """Run one trial; it is given up once its best is behind the median of those before it.

    What the pruner compares is the mean improvement over the configuration as it is, on the folds
    so far: folds differ more from each other than trials do, and the first may be the easiest.
    """
    finished = _finished(study)
    base: list[float] = finished[0].user_attrs[_FOLDS]
    told = f"trial {len(finished) + 1} of {plan.trials}, best {outcome(finished).best.score:.5g}"
    folds: list[float] = []

    def tell() -> None:
        progress(told, (len(finished) + len(folds) / len(base)) / plan.trials)

    def on_fold(index: int, score: float) -> None:
        folds.append(score)
        tell()
        trial.report(_mean(folds) - _mean(base[: len(folds)]), index)
        if len(folds) < len(base) and trial.should_prune():
            raise optuna.TrialPruned

    tell()
    trial = study.ask()
    assignments = overrides(propose(trial, plan.space), plan.space)
    trial.set_user_attr(_OVERRIDES, assignments)
    try:
        objective(assignments, on_fold)
        trial.set_user_attr(_FOLDS, folds)
        study.tell(trial, _mean(folds))
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except ScalpError as error:
        trial.set_user_attr(_REFUSED, error.message)
        study.tell(trial, state=TrialState.PRUNED)
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise


def _mean(folds: Sequence[float]) -> float:
    return sum(folds) / len(folds)
