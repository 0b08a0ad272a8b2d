from pathlib import Path
from typing import Any

import msgspec
import pytest

from nautilus_scalp.errors import UsageError
from nautilus_scalp.settings import apply_override
from nautilus_scalp.settings import convert
from nautilus_scalp.settings import read_toml


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: int = 1


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner
    many: list[Inner] = []


def blocks() -> dict[str, Any]:
    return {
        "run": {"seed": 1},
        "strategies": [
            {"strategy_path": "a:Maker", "config": {"size": 1}},
            {"strategy_path": "a:Taker", "config": {"size": 1}},
        ],
    }


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: no such configuration file"):
        read_toml(tmp_path / "none.toml")


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[run\nseed = 1\n")
    with pytest.raises(UsageError, match="line 1"):
        read_toml(path)


def test_unknown_key_names_file_line_and_nearest_key(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[inner]\n\nsise = 3\n")
    with pytest.raises(UsageError) as caught:
        convert(read_toml(path), Outer, path)
    assert caught.value.message == f"{path}:3: unknown key 'inner.sise'"
    assert caught.value.remedy == "did you mean 'size'?"


def test_unknown_key_inside_a_list_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[inner]\n[[many]]\nsize = 1\n[[many]]\ncolour = 1\n")
    with pytest.raises(UsageError) as caught:
        convert(read_toml(path), Outer, path)
    assert caught.value.message == f"{path}:5: unknown key 'many[1].colour'"
    assert caught.value.remedy == "valid keys here: size"


def test_wrong_type_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"inner\.size: Expected `int`, got `str`"):
        convert({"inner": {"size": "big"}}, Outer, tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("assignment", "sizes"),
    [
        ("strategies.0.config.size=5", [5, 1]),
        ("strategies.*.config.size=5", [5, 5]),
        ("strategies.Taker.config.size=5", [1, 5]),
    ],
)
def test_override_selects_blocks(assignment: str, sizes: list[int]) -> None:
    settings = blocks()
    apply_override(settings, assignment)
    assert [block["config"]["size"] for block in settings["strategies"]] == sizes


def test_override_reads_toml_values_and_falls_back_to_text() -> None:
    settings = blocks()
    for assignment in ("run.seed=9", "run.ids=['a']", "run.name=plain text", "new.key=true"):
        apply_override(settings, assignment)
    assert settings["run"] == {"seed": 9, "ids": ["a"], "name": "plain text"}
    assert settings["new"] == {"key": True}


@pytest.mark.parametrize("assignment", ["run.seed", "=3", "strategies.Nobody.config.size=1"])
def test_override_that_selects_nothing_is_an_error(assignment: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        apply_override(blocks(), assignment)
