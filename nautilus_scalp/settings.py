"""Strict TOML settings: every key is known, every complaint names file, line and key.

Times in settings are UTC; `to_ns` and `to_iso` are the one way between them and nanoseconds.
"""

import difflib
import re
import tomllib
import types
import typing
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from nautilus_scalp.errors import UsageError


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict[str, Any]
        Its tables and keys.

    Raises
    ------
    UsageError
        If the file is missing, unreadable or not TOML.

    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"{path}: no such configuration file"
        raise UsageError(message, "give the path of an existing TOML file") from None
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise UsageError(message, "check the path and its permissions") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: not valid TOML: {error}"
        raise UsageError(message, "mend the line that the message names") from error


def read_settings(
    path: Path, overrides: Sequence[str], path_keys: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Read a TOML file, apply overrides and make the paths in it absolute.

    Paths in the file are relative to the file, paths in overrides to the working directory.

    Parameters
    ----------
    path : Path
        The file.
    overrides : Sequence[str]
        ``PATH=VALUE`` assignments that win over the file.
    path_keys : Iterable[tuple[str, str]]
        Table and key of every path.

    Returns
    -------
    dict[str, Any]
        Tables and keys.

    Raises
    ------
    UsageError
        If the file cannot be read or an override selects nothing.

    """
    settings = read_toml(path)
    keys = tuple(path_keys)
    _anchor_paths(settings, keys, path.parent)
    for assignment in overrides:
        apply_override(settings, assignment)
    _anchor_paths(settings, keys, Path.cwd())
    return settings


def _anchor_paths(
    settings: dict[str, Any], path_keys: Iterable[tuple[str, str]], base: Path
) -> None:
    """Make the path keys absolute; what is absolute already stays."""
    for section, key in path_keys:
        table = settings.get(section)
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = str((base / table[key]).resolve())


def apply_override(settings: dict[str, Any], assignment: str) -> None:
    """Apply one ``PATH=VALUE`` override in place.

    A path is dotted. A part that meets a list is an index, ``*`` for every block, or the class
    name of the blocks that it selects: ``strategies.MarketMaking.config.trade_size=0.01``.

    Parameters
    ----------
    settings : dict[str, Any]
        What to change.
    assignment : str
        The path, ``=``, and a TOML value; a value that is not TOML is taken as a string.

    Raises
    ------
    UsageError
        If the assignment has no ``=`` or its path selects nothing.

    """
    path, separator, text = (part.strip() for part in assignment.partition("="))
    if not separator or not path:
        message = f"--set {assignment}: not of the form PATH=VALUE"
        raise UsageError(message, "write for example --set run.seed=7")
    *parents, leaf = path.split(".")
    targets: list[object] = [settings]
    for part in parents:
        targets = [child for target in targets for child in _children(target, part)]
    tables = [target for target in targets if isinstance(target, dict)]
    if not tables:
        message = f"--set {path}: nothing in the configuration has this path"
        raise UsageError(message, "use table.key, or strategies.CLASS.config.key for a block")
    for table in tables:
        table[leaf] = _toml_value(text)


def _children(node: object, part: str) -> list[object]:
    if isinstance(node, dict):
        return [node.setdefault(part, {})]
    if not isinstance(node, list):
        return []
    if part.isdigit():
        return node[int(part) : int(part) + 1]
    return [block for block in node if part in ("*", block_name(block))]


def block_name(block: Mapping[str, Any]) -> str:
    """Return the class name of a strategy or actor block.

    Parameters
    ----------
    block : Mapping[str, Any]
        A block with a ``strategy_path`` or ``actor_path`` key.

    Returns
    -------
    str
        What stands behind the colon of that path; empty without one.

    Examples
    --------
    >>> block_name({"strategy_path": "my.module:MyStrategy"})
    'MyStrategy'

    """
    path = block.get("strategy_path") or block.get("actor_path") or ""
    return str(path).rpartition(":")[2]


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def convert[T](values: Mapping[str, Any], kind: type[T], source: Path, prefix: str = "") -> T:
    """Turn a table into a Struct; an unknown key or a wrong type is an error that names it.

    Parameters
    ----------
    values : Mapping[str, Any]
        The table.
    kind : type[T]
        The ``msgspec.Struct`` that it must fit; nested Structs are checked as well.
    source : Path
        The file that the table came from, for the message.
    prefix : str
        Where in the file the table stands (``strategies[0].config``), for the message.

    Returns
    -------
    T
        The Struct.

    Raises
    ------
    UsageError
        For an unknown key (with the nearest valid one), a missing key or a wrong type.

    """
    reject_unknown_keys(values, kind, source, prefix)
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at ")
        key = prefix + where.strip("`").removeprefix("$")
        message = f"{source}: {key.lstrip('.') or 'top level'}: {reason}"
        raise UsageError(message, "give the key a value of the expected type") from error


def reject_unknown_keys(
    values: Mapping[str, Any], kind: type, source: Path, prefix: str = ""
) -> None:
    """Raise for the first key that a Struct does not know.

    Parameters
    ----------
    values : Mapping[str, Any]
        The table to check, with the tables inside it.
    kind : type
        The ``msgspec.Struct`` whose fields are the valid keys.
    source : Path
        The file that the table came from, for the message.
    prefix : str
        Where in the file the table stands, for the message.

    Raises
    ------
    UsageError
        Naming file, line, key and the nearest valid key.

    """
    hints = typing.get_type_hints(kind)
    for key, value in values.items():
        where = f"{prefix}.{key}" if prefix else key
        if key not in hints:
            raise unknown_key(where, hints, source)
        inner = _struct_inside(hints[key])
        if inner is None:
            continue
        tables = value if isinstance(value, list) else [value]
        for index, table in enumerate(tables):
            if isinstance(table, Mapping):
                at = f"{where}[{index}]" if isinstance(value, list) else where
                reject_unknown_keys(table, inner, source, at)


def unknown_key(where: str, valid: Iterable[str], source: Path) -> UsageError:
    """Return the error for a key that nothing knows.

    Parameters
    ----------
    where : str
        The whole path of the key.
    valid : Iterable[str]
        The keys that would have been right there.
    source : Path
        The file that it stands in.

    Returns
    -------
    UsageError
        To be raised by the caller.

    """
    key = where.rpartition(".")[2]
    names = sorted(valid)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else f"valid keys here: {', '.join(names)}"
    return UsageError(f"{source}{_line_of(key, source)}: unknown key {where!r}", remedy)


def _line_of(key: str, source: Path) -> str:
    """Return ``:LINE`` of the first line that sets the key, or nothing."""
    if not source.is_file():
        return ""
    pattern = re.compile(
        rf"^\s*(\[+[\w.]*)?\b{re.escape(key)}\b\s*[\]=]|[{{,]\s*{re.escape(key)}\s*="
    )
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1):
        if pattern.search(line):
            return f":{number}"
    return ""


def _struct_inside(hint: object) -> type | None:
    """Return the Struct in ``X``, ``X | None``, ``list[X]`` or ``tuple[X, ...]``, if any."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if typing.get_origin(hint) in (list, tuple, types.UnionType, typing.Union):
        for argument in typing.get_args(hint):
            inner = _struct_inside(argument)
            if inner is not None:
                return inner
    return None


def to_ns(moment: datetime) -> int:
    """Return a moment as nanoseconds since 1970 in UTC.

    Parameters
    ----------
    moment : datetime
        Without a time zone it is read as UTC.

    Returns
    -------
    int
        Exact to the microsecond that a datetime can hold.

    Examples
    --------
    >>> to_ns(datetime(1970, 1, 1, 0, 0, 1))
    1000000000

    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1) * 1_000


def to_iso(ns: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 in UTC, to the millisecond.

    Parameters
    ----------
    ns : int
        Nanoseconds since 1970.

    Returns
    -------
    str
        The moment, cut to the millisecond.

    Examples
    --------
    >>> to_iso(1_500_000_000)
    '1970-01-01T00:00:01.500Z'

    """
    moment = _EPOCH + timedelta(milliseconds=ns // 1_000_000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
