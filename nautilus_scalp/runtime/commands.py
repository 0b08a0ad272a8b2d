"""What each command does; imports wait until the command that needs them is chosen."""

# ruff: noqa: PLC0415 (a command that needs no engine or training library must not load one)

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from nautilus_scalp.errors import UsageError
from nautilus_scalp.errors import VerdictError
from nautilus_scalp.runtime.console import print_json
from nautilus_scalp.runtime.console import progress_bar
from nautilus_scalp.runtime.console import stdout_console
from nautilus_scalp.settings import to_ns


if TYPE_CHECKING:
    from nautilus_scalp.runtime.promotion import Succession

type Command = Callable[[argparse.Namespace], None]


def backtest(options: argparse.Namespace) -> None:
    """``run_backtest.py [CONFIG ...]``."""
    from nautilus_scalp.runtime.backtests import run_backtests
    from nautilus_scalp.runtime.report.table import render_table

    paths = options.configs or [options.default_config]
    with progress_bar() as progress:
        report = run_backtests(paths, options.set, options.out, progress)
    if options.json:
        print_json(report)
        return
    console = stdout_console()
    console.print(render_table(report))
    for kind, path in report["files"].items():
        console.print(f"{kind}: {path}", markup=False, highlight=False, soft_wrap=True)


def live(options: argparse.Namespace) -> None:
    """``run_live.py CONFIG``."""
    from nautilus_scalp.runtime.live.preflight import check_live
    from nautilus_scalp.runtime.live.preflight_table import show_checks
    from nautilus_scalp.runtime.live.run import run_live

    if options.check:
        show_checks(check_live(options.config, options.set), as_json=options.json)
        return
    run_live(options.config, options.set, options.i_accept_real_money)


def list_features(options: argparse.Namespace) -> None:
    """``nautilus-scalp features list``."""
    from nautilus_scalp.features.catalogue import CATALOGUE
    from nautilus_scalp.features.catalogue import SELECTED
    from nautilus_scalp.features.engine import build_schema
    from nautilus_scalp.runtime.tables import features_table

    specs = build_schema(selection=CATALOGUE).specs
    if options.json:
        print_json({"indicators": len(specs), "features": specs, "selected": SELECTED})
    else:
        stdout_console().print(features_table(specs, SELECTED))


def import_data(options: argparse.Namespace) -> None:
    """``nautilus-scalp data import FILE... --catalog DIR``."""
    from nautilus_scalp.data.importer import import_files
    from nautilus_scalp.runtime.tables import counts_table

    with progress_bar() as progress:
        report = import_files(
            options.files,
            options.catalog,
            options.instrument,
            progress=lambda done, total, name: progress(name, done / max(total, 1)),
        )
    if options.json:
        print_json(report)
        return
    console = stdout_console()
    console.print(counts_table("rows in", report.rows_in))
    console.print(counts_table("rows out", report.rows_out))
    console.print(counts_table("rejected, kept in quarantine", report.rejected))
    for note in [*(f"already imported: {path}" for path in report.skipped), *report.notes]:
        console.print(note, markup=False, highlight=False)


def check_data(options: argparse.Namespace) -> None:
    """``nautilus-scalp data check DIR``."""
    from nautilus_scalp.data.quality import HEADER
    from nautilus_scalp.data.quality import check_catalog
    from nautilus_scalp.runtime.tables import rows_table

    report = check_catalog(options.catalog)
    if options.json:
        print_json(report)
    else:
        console = stdout_console()
        console.print(rows_table(HEADER, report.table()))
        for line in [*(f"warning: {text}" for text in report.warnings), *report.problems]:
            console.print(line, markup=False, highlight=False)
    if not report.ok:
        message = f"{options.catalog}: {len(report.problems)} broken promises, listed above"
        raise VerdictError(message, "import the raw files again into a new catalog")


def train(options: argparse.Namespace) -> None:
    """``nautilus-scalp train [CONFIG] --catalog DIR --out MODEL``."""
    from nautilus_scalp.runtime.model_tables import audit_table
    from nautilus_scalp.runtime.model_tables import importance_table
    from nautilus_scalp.runtime.model_tables import signal_table
    from nautilus_scalp.training.config import load_training_config
    from nautilus_scalp.training.pipeline import train as train_model

    config = load_training_config(options.config, options.set)
    with progress_bar() as progress:
        result = train_model(config, options.catalog, options.out, progress)
    if options.json:
        print_json({"model": result.model_id, **asdict(result), "path": str(result.path)})
        return
    console = stdout_console()
    console.print(f"model {result.model_id} in {result.path}", markup=False, highlight=False)
    console.print(audit_table(result.label_audit))
    console.print(importance_table(result.importances))
    console.print(signal_table("held-out tail of the training data", result.metrics["holdout"]))


def evaluate(options: argparse.Namespace) -> None:
    """``nautilus-scalp evaluate MODEL --catalog DIR``."""
    from nautilus_scalp.runtime.model_tables import audit_table
    from nautilus_scalp.runtime.model_tables import signal_table
    from nautilus_scalp.training.evaluate import evaluate as evaluate_model

    window = (_moment(options.start, "--start"), _moment(options.end, "--end"))
    judged = evaluate_model(options.model, options.catalog, *window)
    if options.json:
        print_json(judged)
        return
    console = stdout_console()
    window_text = " .. ".join(judged["window"])
    console.print(f"model {judged['model']}, {window_text}, {judged['n']:,} events", markup=False)
    console.print(audit_table(judged["label_audit"]))
    console.print(signal_table("ensemble", judged["horizons"]))
    for name, horizons in judged["per_model"].items():
        console.print(signal_table(name, horizons))
    for name, horizons in judged["per_instrument"].items():
        console.print(signal_table(name, horizons))
    for note in judged["notes"]:
        console.print(note, markup=False, highlight=False)


def garch(options: argparse.Namespace) -> None:
    """``nautilus-scalp garch --catalog DIR``."""
    from nautilus_scalp.runtime.tables import garch_table
    from nautilus_scalp.training.fit_volatility import fit_catalog

    window = (_moment(options.start, "--start"), _moment(options.end, "--end"))
    report = fit_catalog(options.catalog, options.instrument, window, options.bar_ms)
    if options.json:
        print_json(report)
        return
    console = stdout_console()
    console.print(garch_table(report))
    for line in report.toml():
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def list_models(options: argparse.Namespace) -> None:
    """``nautilus-scalp models list``."""
    from nautilus_scalp.runtime.model_tables import models_table
    from nautilus_scalp.runtime.promotion import list_models as list_all

    found = list_all(options.home)
    if options.json:
        print_json(found)
        return
    console = stdout_console()
    for name, row in found.names.items():
        console.print(models_table(name, row))
        for change in row.history:
            line = f"{change.at} {change.action} {change.model_id}, before {change.previous}"
            console.print(line, markup=False, highlight=False)


def promote_model(options: argparse.Namespace) -> None:
    """``nautilus-scalp models promote NAME ID``."""
    from nautilus_scalp.runtime.promotion import Contest
    from nautilus_scalp.runtime.promotion import promote_model as promote

    contest = Contest(
        catalog=options.catalog,
        start_ns=_moment(options.start, "--start"),
        end_ns=_moment(options.end, "--end"),
        horizon_ms=options.horizon,
        force=options.force,
    )
    _show_succession(promote(options.home, options.name, options.id, contest), options)


def rollback_model(options: argparse.Namespace) -> None:
    """``nautilus-scalp models rollback NAME``."""
    from nautilus_scalp.runtime.promotion import rollback_model as rollback

    _show_succession(rollback(options.home, options.name), options)


def _show_succession(found: "Succession", options: argparse.Namespace) -> None:
    if options.json:
        print_json(found)
        return
    line = f"{found.name}: {found.champion} rules, before it {found.previous or 'nobody'}"
    stdout_console().print(line, markup=False, highlight=False)


def tape(options: argparse.Namespace) -> None:
    """``nautilus-scalp tape MODEL --catalog DIR``."""
    from nautilus_scalp.runtime.tables import counts_table
    from nautilus_scalp.runtime.tape import write_tape

    window = (_moment(options.start, "--start"), _moment(options.end, "--end"))
    with progress_bar() as progress:
        result = write_tape(
            options.model,
            options.catalog,
            *window,
            instrument_ids=options.instrument,
            progress=progress,
            jobs=options.jobs,
        )
    if options.json:
        print_json(result)
        return
    console = stdout_console()
    console.print(counts_table(f"signals of {result.model}", result.signals))
    for line in [*result.files, *result.notes]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def verify(options: argparse.Namespace) -> None:
    """``nautilus-scalp verify MODEL|CONFIG``."""
    from nautilus_scalp.runtime.tables import checks_table
    from nautilus_scalp.runtime.verify.options import VerifyOptions
    from nautilus_scalp.runtime.verify.run import verify as verify_target

    chosen = {"seed": options.seed, "edge_hours": options.hours}
    given = {key: value for key, value in chosen.items() if value is not None}
    with progress_bar() as progress:
        found = verify_target(options.target, VerifyOptions(**given), progress)
    if options.json:
        print_json(found)
    else:
        console = stdout_console()
        console.print(checks_table(found.checks))
        for line in [*found.notes, f"verdict: {found.verdict}"]:
            console.print(line, markup=False, highlight=False)
    if found.failed:
        message = f"{options.target}: {', '.join(found.failed)}"
        raise VerdictError(message, "docs/verify.md says what each check means; trust no figure")


def synth(options: argparse.Namespace) -> None:
    """``nautilus-scalp synth --catalog DIR --hours H --edge E --seed S``."""
    from nautilus_scalp.data.synthetic.params import SyntheticParams
    from nautilus_scalp.data.synthetic.writer import write_synthetic
    from nautilus_scalp.runtime.tables import counts_table
    from nautilus_scalp.runtime.tables import match_table
    from nautilus_scalp.runtime.tables import oracle_table

    chosen = {"hours": options.hours, "edge": options.edge, "seed": options.seed}
    asked = {
        "instrument_id": options.instrument,
        "half_life_ms": options.half_life_ms,
        "base_price": options.price,
    }
    chosen |= {name: value for name, value in asked.items() if value is not None}
    with progress_bar() as progress:
        report = write_synthetic(options.catalog, SyntheticParams(**chosen), progress)
    if options.json:
        print_json(report)
        return
    rows = {name: getattr(report, name) for name in ("quotes", "trades", "depths", "marks")}
    console = stdout_console()
    console.print(counts_table("rows", rows))
    console.print(oracle_table(report.horizons))
    if report.match is None:
        console.print("too short to be set beside the recording: two minutes are needed")
    else:
        console.print(match_table(report.match))


def tune(options: argparse.Namespace) -> None:
    """``nautilus-scalp tune CONFIG --trials N``."""
    from nautilus_scalp.runtime.tables import tune_tables
    from nautilus_scalp.runtime.tuning.run import TuneOptions
    from nautilus_scalp.runtime.tuning.run import tune as run_tuning

    chosen = TuneOptions(
        trials=options.trials,
        given=tuple(options.set),
        only=tuple(options.only),
        catalog=options.catalog,
        out=options.out,
        seed=options.seed,
    )
    with progress_bar() as progress:
        answer = run_tuning(options.config, chosen, progress)
    if options.json:
        print_json(answer)
        return
    console = stdout_console()
    for table in tune_tables(answer):
        console.print(table)
    for line in [*answer["notes"], *answer["files"].values()]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def stress(options: argparse.Namespace) -> None:
    """``nautilus-scalp stress CONFIG``."""
    from nautilus_scalp.runtime.stress import run_stress
    from nautilus_scalp.runtime.tables import stress_tables

    with progress_bar() as progress:
        answer = run_stress(options.config, options.set, options.out, progress)
    if options.json:
        print_json(answer)
    else:
        console = stdout_console()
        for table in stress_tables(answer):
            console.print(table)
        for line in [*answer["notes"], *answer["files"].values()]:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    broken = [case["case"] for case in answer["cases"] if not case["survives"]]
    if broken:
        message = f"{options.config}: {len(broken)} of {len(answer['cases'])} cases break a limit"
        raise VerdictError(message, f"see the table; the first is {broken[0]!r}")


def parity(options: argparse.Namespace) -> None:
    """``nautilus-scalp parity RUN``."""
    from nautilus_scalp.runtime.parity.run import check_parity
    from nautilus_scalp.runtime.parity.words import verdict

    answer = check_parity(options.run_directory)
    first, second = verdict(answer)
    if options.json:
        print_json(answer)
    elif answer.equal:
        console = stdout_console()
        for line in (first, second, *answer.notes):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not answer.equal:
        raise VerdictError(first, second)


def bench(options: argparse.Namespace) -> None:
    """``nautilus-scalp bench``."""
    from nautilus_scalp.runtime.bench import run_bench

    with progress_bar() as progress:
        answer = run_bench(options.catalog, progress)
    print_json(answer)


def _moment(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    try:
        return to_ns(datetime.fromisoformat(text))
    except ValueError:
        message = f"{option} {text}: not a time"
        raise UsageError(message, "write it in ISO 8601, such as 2024-07-19T00:00:00Z") from None
