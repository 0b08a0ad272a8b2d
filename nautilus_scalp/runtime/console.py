"""How every command talks: answers on stdout, the rest on stderr, errors in two lines."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import msgspec
from rich.console import Console
from rich.progress import BarColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeElapsedColumn

from nautilus_scalp.errors import ScalpError
from nautilus_scalp.errors import UsageError


OK = 0
FAULT = 1
type Report = Callable[[str, float], None]


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are ordinary two-line errors."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and exiting.

        Parameters
        ----------
        message : str
            What argparse has to say.

        Raises
        ------
        UsageError
            Always.

        """
        raise UsageError(message, f"see {self.prog} --help")


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.

    """
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def run_command(parser: Parser, arguments: list[str] | None) -> int:
    """Parse, run the chosen command and translate what it raises into an exit code.

    Parameters
    ----------
    parser : Parser
        Its defaults hold the command as ``run``, a function of the parsed arguments.
    arguments : list[str], optional
        By default those of the process.

    Returns
    -------
    int
        0 ok, 1 fault in the program, 2 wrong usage or missing precondition, 3 bad input,
        4 a check's verdict is "no".

    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        parsed = parser.parse_args(arguments)
        parsed.run(parsed)
    except ScalpError as error:
        return _fail(error.message, error.remedy, error.exit_code, arguments)
    except KeyboardInterrupt:
        return _fail("interrupted", "run the command again", FAULT, arguments)
    except BrokenPipeError:  # the reader of our output went away; nothing is left to tell it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAULT
    except Exception as error:  # noqa: BLE001 (the last resort turns a fault into an exit code)
        message = f"{type(error).__name__}: {error}"
        remedy = "this is a fault in the program: run again with --debug and report what it prints"
        return _fail(message, remedy, FAULT, arguments)
    return OK


def _fail(message: str, remedy: str, code: int, arguments: list[str]) -> int:
    if "--debug" in arguments:
        traceback.print_exc()
    print(f"error: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    print(f"remedy: {' '.join(remedy.split())}", file=sys.stderr)  # noqa: T201
    return code


def print_json(answer: object) -> None:
    """Print one JSON object on stdout.

    Parameters
    ----------
    answer : object
        Anything that msgspec encodes.

    """
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=1).decode() + "\n")


def stdout_console() -> Console:
    """Return the console for answers; a pipe gets enough columns for a whole table."""
    return Console(width=None if sys.stdout.isatty() else 220)


@contextmanager
def progress_bar() -> Iterator[Report]:
    """Yield a function ``(stage, fraction)`` that draws progress on stderr, on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _stage, _fraction: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda stage, fraction: progress.update(task, description=stage, completed=fraction)
