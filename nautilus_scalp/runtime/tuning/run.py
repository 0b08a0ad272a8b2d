"""``nautilus-scalp tune``: search, deflate, and write the configuration that was found."""

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from nautilus_scalp.errors import UsageError
from nautilus_scalp.evaluation.deflated import deflated_sharpe
from nautilus_scalp.evaluation.deflated import expected_max_sharpe
from nautilus_scalp.runtime.config import PATH_KEYS
from nautilus_scalp.runtime.console import Report
from nautilus_scalp.runtime.report.results import Trials
from nautilus_scalp.runtime.trials import count_trials
from nautilus_scalp.runtime.tuning.objectives import BacktestObjective
from nautilus_scalp.runtime.tuning.objectives import TrainingObjective
from nautilus_scalp.runtime.tuning.objectives import study_identity
from nautilus_scalp.runtime.tuning.space import backtest_space
from nautilus_scalp.runtime.tuning.space import chosen_dials
from nautilus_scalp.runtime.tuning.space import training_space
from nautilus_scalp.runtime.tuning.study import Attempt
from nautilus_scalp.runtime.tuning.study import Outcome
from nautilus_scalp.runtime.tuning.study import StudyPlan
from nautilus_scalp.runtime.tuning.study import run_study
from nautilus_scalp.runtime.tuning.toml import to_toml
from nautilus_scalp.settings import read_settings
from nautilus_scalp.settings import read_toml


DEFAULT_CATALOG = Path("catalogs/sample")
HOME = Path("models")
JOURNAL, BEST, ANSWER, KEPT = "study.journal", "best.toml", "answer.json", "kept"


class TuneOptions(msgspec.Struct, frozen=True, kw_only=True):
    """
    The options of the command.

    Attributes
    ----------
    trials : int
        In all, the configuration as it is among them.
    given : tuple[str, ...]
        ``--set`` assignments.
    only : tuple[str, ...]
        Words, of which a parameter's path must contain one to be turned.
    catalog : Path, optional
        What a training configuration learns from; the sample by default.
    out : Path, optional
        Where the study is kept; by default ``models/<name>/tune-<id>``.
    seed : int
        Of the sampler.

    """

    trials: int
    given: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    catalog: Path | None = None
    out: Path | None = None
    seed: int = 1


class Luck(msgspec.Struct, frozen=True, kw_only=True):
    """
    A score after what choosing the best of many gives for nothing.

    Attributes
    ----------
    trials_on_data : int
        Configurations that the ledger knows to have been tried on these data, by any command.
    standard_error : float or None
        Of the improvement over the configuration as it was given, from its folds.
    expected : float or None
        What the best of so many equally good ones is expected to be ahead by.
    deflated_score, deflated_improvement : float or None
        Score and improvement less that.

    """

    trials_on_data: int
    standard_error: float | None
    expected: float | None
    deflated_score: float | None
    deflated_improvement: float | None


def tune(path: Path, options: TuneOptions, progress: Report) -> dict[str, Any]:
    """Search for better parameters of a training or a backtest configuration.

    Parameters
    ----------
    path : Path
        The configuration.
    options : TuneOptions
        How long, from what data, where to.
    progress : Report
        Told of every trial.

    Returns
    -------
    dict[str, Any]
        The answer of ``tune --json``: `config`, `study`, `metric`, `trials`, `pruned`, `refused`,
        `baseline`, `best`, `improvement`, `luck`, `deflated_sharpe`, `files`, `notes`.

    Raises
    ------
    UsageError
        If the configuration, a word or the number of trials cannot be used.

    """
    if options.trials < 1:
        message = f"--trials {options.trials}"
        raise UsageError(message, "give 1 or more; the first is the configuration as it is")
    objective: TrainingObjective | BacktestObjective
    path_keys: Iterable[tuple[str, str]] = ()
    if {"run", "strategies"} & set(read_toml(path)):
        objective = BacktestObjective(path, options.given)
        space = chosen_dials(backtest_space(objective.config), options.only)
        name, path_keys = path.stem, PATH_KEYS
    else:
        catalog = options.catalog or DEFAULT_CATALOG
        objective = TrainingObjective(path, options.given, catalog)
        space = chosen_dials(training_space(objective.config), options.only)
        name = objective.config.name
    settings = read_settings(path, options.given, path_keys)
    study = study_identity(settings, objective.window, space, options.seed)
    out = options.out or HOME / name / f"tune-{study}"
    if isinstance(objective, TrainingObjective):
        objective.kept = out / KEPT
    plan = StudyPlan(
        journal=out / JOURNAL, name=study, space=space, trials=options.trials, seed=options.seed
    )
    found = run_study(plan, objective, progress)
    tried = count_trials(objective.window)
    answer = {
        "config": str(path),
        "study": study,
        "metric": objective.metric,
        **_figures(found, tried),
        "deflated_sharpe": None,
        "files": {key: str(out / file) for key, file in _FILES.items()},
        "notes": _notes(found, options.trials),
    }
    if isinstance(objective, BacktestObjective):
        returns = objective.returns(found.best.overrides)
        answer["deflated_sharpe"] = deflated_sharpe(returns, max(tried.count, 1), tried.sharpes)
    best = read_settings(path, [*options.given, *found.best.overrides], path_keys)
    (out / BEST).write_text(to_toml(best, _comment(path, found)), encoding="utf-8")
    text = msgspec.json.format(msgspec.json.encode(answer), indent=2)
    (out / ANSWER).write_bytes(text + b"\n")
    return answer


_FILES = {"config": BEST, "answer": ANSWER, "journal": JOURNAL}


def _figures(found: Outcome, tried: Trials) -> dict[str, Any]:
    baseline, best = found.attempts[0], found.best
    return {
        "trials": found.trials,
        "pruned": found.pruned,
        "refused": found.refused,
        "baseline": _told(baseline),
        "best": _told(best),
        "improvement": best.score - baseline.score,
        "luck": find_luck(baseline.folds, best.folds, max(tried.count, found.trials)),
    }


def find_luck(baseline: Sequence[float], best: Sequence[float], trials: int) -> Luck:
    """Return how far ahead the best of some trials is expected to be by chance alone.

    The same folds judge both, so the noise of an improvement is that of the differences, fold by
    fold: its standard error times the expected maximum of as many standard normal draws (Bailey
    and Lopez de Prado 2014, equation 1) is what the best of equally good trials shows.

    Parameters
    ----------
    baseline, best : sequence of float
        Scores on the same folds.
    trials : int
        How many were tried on these data.

    """
    differences = np.subtract(best, baseline)
    if len(differences) < 2 or not differences.any():  # noqa: PLR2004 (a spread needs two)
        return Luck(
            trials_on_data=trials,
            standard_error=None,
            expected=None,
            deflated_score=None,
            deflated_improvement=None,
        )
    error = float(differences.std(ddof=1)) / len(differences) ** 0.5
    expected = expected_max_sharpe(trials, error**2)
    return Luck(
        trials_on_data=trials,
        standard_error=error,
        expected=expected,
        deflated_score=float(np.mean(best)) - expected,
        deflated_improvement=float(differences.mean()) - expected,
    )


def _told(attempt: Attempt) -> dict[str, Any]:
    return {
        "trial": attempt.number,
        "score": attempt.score,
        "folds": attempt.folds,
        "parameters": attempt.overrides,
    }


def _notes(found: Outcome, trials: int) -> list[str]:
    notes = ["what was tuned on these data is to be judged on later ones"]
    if found.best.number == 0:
        notes.append("no trial was better than the configuration as it is")
    if found.trials > trials:
        notes.append(f"the study holds {found.trials} trials of earlier calls")
    return notes


def _comment(path: Path, found: Outcome) -> str:
    best = found.best
    return (
        f"Trial {best.number} of {found.trials} that began with {path.name}.\n"
        f"Score {best.score:.6g}, as configured {found.attempts[0].score:.6g}; see {ANSWER}."
    )
