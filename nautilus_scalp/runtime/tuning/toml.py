"""Settings as TOML text, for a configuration that was found and not written by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


def to_toml(settings: Mapping[str, Any], comment: str = "") -> str:
    """Return settings as TOML that reads back as the same settings.

    Parameters
    ----------
    settings : Mapping[str, Any]
        Tables, lists of tables, and plain values.
    comment : str
        Goes above, line by line.

    """
    lines = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*lines, *_table(settings, ())]) + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines, below = [], []
    for key, value in table.items():
        inner = (*path, key)
        if isinstance(value, Mapping):
            below += ["", f"[{_dotted(inner)}]", *_table(value, inner)]
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for item in value:
                below += ["", f"[[{_dotted(inner)}]]", *_table(item, inner)]
        elif value is not None:
            lines.append(f"{_key(key)} = {_value(value)}")
    return lines + below


def _value(value: Any) -> str:  # noqa: ANN401 (any TOML value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(k)} = {_value(v)}' for k, v in value.items())} }}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return msgspec.json.encode(value).decode()  # text, whole numbers and truth look as in JSON


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(_key(part) for part in path)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() else f'"{key}"'
