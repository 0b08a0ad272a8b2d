"""The commands: what they are called, what they take, what they answer."""

import argparse
import os
from pathlib import Path

from nautilus_scalp.runtime import commands
from nautilus_scalp.runtime.console import Parser
from nautilus_scalp.runtime.console import add_common_options
from nautilus_scalp.runtime.console import run_command


def main(arguments: list[str] | None = None) -> int:
    """Run ``nautilus-scalp``.

    Parameters
    ----------
    arguments : list[str], optional
        By default those of the process.

    Returns
    -------
    int
        The exit code.

    """
    parser = Parser(prog="nautilus-scalp", description="Scalping on NautilusTrader.")
    groups = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    data = groups.add_parser("data", help="raw files to a catalog, and its quality")
    verbs = data.add_subparsers(required=True, metavar="import|check", parser_class=Parser)
    command = _command(verbs, "import", commands.import_data, "raw files -> Nautilus catalog")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    command.add_argument("--catalog", type=Path, required=True, metavar="DIR")
    command.add_argument("--instrument", metavar="ID", help="such as BTCUSDT-PERP.BINANCE")
    command = _command(verbs, "check", commands.check_data, "quality of a catalog")
    command.add_argument("catalog", type=Path, metavar="DIR")

    features = groups.add_parser("features", help="what the models see")
    verbs = features.add_subparsers(required=True, metavar="list", parser_class=Parser)
    _command(verbs, "list", commands.list_features, "every indicator: name, group, unit, warm-up")

    command = _command(groups, "train", commands.train, "train the ensemble on a catalog")
    command.add_argument("config", nargs="?", type=Path, metavar="CONFIG")
    command.add_argument("--catalog", type=Path, required=True, metavar="DIR")
    command.add_argument("--out", type=Path, required=True, metavar="MODEL")
    _add_set(command)

    command = _command(groups, "evaluate", commands.evaluate, "signal quality, no strategy")
    command.add_argument("model", type=Path, metavar="MODEL")
    command.add_argument("--catalog", type=Path, required=True, metavar="DIR")
    command.add_argument("--start", metavar="T", help="ISO 8601, UTC")
    command.add_argument("--end", metavar="T", help="ISO 8601, UTC, not included")
    _add_models(groups)
    _add_proof(groups)

    text = "GARCH(1,1) of an instrument's bars, for the regime actor"
    command = _command(groups, "garch", commands.garch, text)
    command.add_argument("--catalog", type=Path, required=True, metavar="DIR")
    text = "one of the catalog's instruments, repeatable; all by default"
    command.add_argument("--instrument", action="append", metavar="ID", help=text)
    command.add_argument("--start", metavar="T", help="ISO 8601, UTC")
    command.add_argument("--end", metavar="T", help="ISO 8601, UTC, not included")
    text = "length of a bar, as in measures.bar_ms"
    command.add_argument("--bar-ms", type=float, default=1_000.0, metavar="MS", help=text)

    command = _command(groups, "bench", commands.bench, "latency and throughput on this machine")
    command.add_argument("--catalog", type=Path, default=Path("catalogs/sample"), metavar="DIR")

    text = "latency, fees, parameters, fills: what survives"
    command = _command(groups, "stress", commands.stress, text)
    command.add_argument("config", type=Path, metavar="CONFIG")
    command.add_argument("--out", type=Path, default=Path("runs/stress"), metavar="DIR")
    _add_set(command)

    text = "replay a recorded live run, compare to the order"
    command = _command(groups, "parity", commands.parity, text)
    command.add_argument("run_directory", type=Path, metavar="RUN")
    return run_command(parser, arguments)


def _add_models(groups: "argparse._SubParsersAction[Parser]") -> None:
    """Add the commands of the registry."""
    models = groups.add_parser("models", help="the registry: champions and challengers")
    verbs = models.add_subparsers(
        required=True, metavar="list|promote|rollback", parser_class=Parser
    )
    every = [_command(verbs, "list", commands.list_models, "every model, its role and history")]
    text = "make a model the champion of its name, if it is better"
    command = _command(verbs, "promote", commands.promote_model, text)
    command.add_argument("name", metavar="NAME")
    command.add_argument("id", metavar="ID")
    command.add_argument("--catalog", type=Path, metavar="DIR", help="what neither has seen")
    command.add_argument("--start", metavar="T", help="ISO 8601, UTC")
    command.add_argument("--end", metavar="T", help="ISO 8601, UTC, not included")
    command.add_argument("--horizon", type=int, metavar="MS", help="by default the challenger's")
    command.add_argument("--force", action="store_true", help="without any comparison")
    every.append(command)
    text = "give the rule back to the champion before"
    command = _command(verbs, "rollback", commands.rollback_model, text)
    command.add_argument("name", metavar="NAME")
    every.append(command)
    for command in every:
        command.add_argument("--home", type=Path, default=Path("models"), metavar="DIR")


def _add_proof(groups: "argparse._SubParsersAction[Parser]") -> None:
    """Add the commands that show what a model's signal is worth."""
    description = "every prediction -> `AlphaSignal` data in the catalog"
    command = _command(groups, "tape", commands.tape, description)
    command.add_argument("model", type=Path, metavar="MODEL")
    command.add_argument("--catalog", type=Path, required=True, metavar="DIR")
    text = "one of the actor's instruments, repeatable; all by default"
    command.add_argument("--instrument", action="append", metavar="ID", help=text)
    command.add_argument("--start", metavar="T", help="ISO 8601, UTC")
    command.add_argument("--end", metavar="T", help="ISO 8601, UTC, not included")
    text = "processes; by default one a core"
    command.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help=text)

    description = "leak, placebo and parity checks, with a verdict"
    command = _command(groups, "verify", commands.verify, description)
    command.add_argument("target", type=Path, metavar="MODEL|CONFIG")
    command.add_argument("--seed", type=int, metavar="S", help="of the synthetic markets")
    command.add_argument("--hours", type=float, metavar="H", help="of the planted market")

    description = "synthetic market with a planted edge (0 = none)"
    command = _command(groups, "synth", commands.synth, description)
    command.add_argument("--catalog", type=Path, required=True, metavar="DIR")
    command.add_argument("--hours", type=float, required=True, metavar="H")
    command.add_argument("--edge", type=float, default=0.0, metavar="E", help="0 to 0.99")
    command.add_argument("--seed", type=int, default=1, metavar="S")
    command.add_argument("--instrument", metavar="ID", help="such as BTCUSDT-PERP.BINANCE")
    command.add_argument("--price", type=float, metavar="P", help="at the beginning")
    text = "of the planted signal; 30000 with an edge of 0.9 makes trends"
    command.add_argument("--half-life-ms", type=float, metavar="MS", help=text)

    description = "Optuna study, resumable: the same command goes on where it was interrupted"
    command = _command(groups, "tune", commands.tune, description)
    command.add_argument("config", type=Path, metavar="CONFIG")
    text = "trials in all, the configuration as it is among them"
    command.add_argument("--trials", type=int, required=True, metavar="N", help=text)
    command.add_argument("--catalog", type=Path, metavar="DIR", help="what a model learns from")
    command.add_argument("--out", type=Path, metavar="DIR", help="where the study is kept")
    text = "turn parameters whose path contains it, repeatable; all by default"
    command.add_argument("--only", action="append", default=[], metavar="WORD", help=text)
    command.add_argument("--seed", type=int, default=1, metavar="S", help="of the sampler")
    _add_set(command)


def backtest(default_config: Path, arguments: list[str] | None = None) -> int:
    """Run ``run_backtest.py``.

    Parameters
    ----------
    default_config : Path
        What to run when the command names no configuration.
    arguments : list[str], optional
        By default those of the process.

    Returns
    -------
    int
        The exit code.

    """
    parser = Parser(prog="run_backtest.py", description="Backtest one or several configurations.")
    parser.add_argument("configs", nargs="*", type=Path, metavar="CONFIG")
    _add_set(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/backtest"), metavar="DIR")
    add_common_options(parser)
    parser.set_defaults(run=commands.backtest, default_config=default_config)
    return run_command(parser, arguments)


def live(arguments: list[str] | None = None) -> int:
    """Run ``run_live.py``.

    Parameters
    ----------
    arguments : list[str], optional
        By default those of the process.

    Returns
    -------
    int
        The exit code.

    """
    parser = Parser(prog="run_live.py", description="Trade one configuration on a venue.")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    _add_set(parser)
    parser.add_argument("--check", action="store_true", help="only say what is missing")
    parser.add_argument(
        "--i-accept-real-money", action="store_true", help="needed to trade on the real venue"
    )
    add_common_options(parser)
    parser.set_defaults(run=commands.live)
    return run_command(parser, arguments)


def _command(
    group: "argparse._SubParsersAction[Parser]",
    name: str,
    run: commands.Command,
    description: str,
) -> Parser:
    parser = group.add_parser(name, help=description, description=description)
    add_common_options(parser)
    parser.set_defaults(run=run)
    return parser


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="override any key"
    )
