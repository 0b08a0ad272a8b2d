"""Compiled code is compiled anew when code or a constant of another file has changed."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import config

from nautilus_scalp.features import kernel_cache


def _package(root: Path) -> Path:
    """Write a package with the cache of ours, a kernel, and what it calls in another file."""
    package = root / "fresh"
    (package / "features").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    source = Path(kernel_cache.__file__)
    for name in ("__init__.py", source.name):
        text = source.with_name(name).read_text().replace("nautilus_scalp", "fresh")
        (package / "features" / name).write_text(text)
    (package / "features" / "sizes.py").write_text("FACTOR = 2.0\n")
    (package / "features" / "inner.py").write_text(
        "from numba import njit\n\n"
        "from fresh.features import sizes\n\n\n"
        "@njit(cache=True)\ndef scale(x):\n    return sizes.FACTOR * x\n"
    )
    (package / "features" / "outer.py").write_text(
        "from numba import njit\n\n"
        "from fresh.features.inner import scale\n\n\n"
        "@njit(cache=True)\ndef run(x):\n    return scale(x) + 1.0\n"
    )
    return package


def _answer() -> tuple[float, int]:
    """Return what the kernel says, as a new process would, and how often the cache served."""
    for name in [name for name in sys.modules if name.startswith("fresh.")]:
        del sys.modules[name]
    run = importlib.import_module("fresh.features.outer").run
    return run(10.0), sum(run.stats.cache_hits.values())


def test_a_constant_two_files_away_is_never_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _package(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(config, "CACHE_LOCATOR_CLASSES", "")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert _answer() == (21.0, 0)
    assert _answer() == (21.0, 1)
    (package / "features" / "sizes.py").write_text("FACTOR = 3.0\n")
    assert _answer() == (31.0, 0)


_WHEN_TOLD = """
from fresh.features.outer import run
print("ready", flush=True)
input()
print(run(10.0), sum(run.stats.cache_hits.values()))
"""


def test_processes_that_start_together_compile_once(tmp_path: Path) -> None:
    _package(tmp_path)
    both = [
        subprocess.Popen(  # noqa: S603 (code of this file)
            [sys.executable, "-c", _WHEN_TOLD],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [process.stdout.readline() for process in both if process.stdout] == ["ready\n"] * 2
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in both]
    assert sorted(answers) == ["21.0 0\n", "21.0 1\n"]


def test_a_stamp_covers_what_compiled_code_can_hold(tmp_path: Path) -> None:
    package = tmp_path / "fresh"
    package.mkdir()
    source = package / "a.py"
    source.write_text("from fresh.b import f\nfrom fresh.shapes import Shape\n")
    (package / "b.py").write_text("from fresh import c as other\n")
    (package / "c.py").write_text("X = 1\n")
    (package / "shapes.py").write_text("class Shape: ...\n")
    stamp = kernel_cache.stamp.__wrapped__
    before = stamp(source, package)
    (package / "shapes.py").write_text("class Shape: pass\n")
    assert stamp(source, package) == before  # compiled code holds no class
    (package / "c.py").write_text("X = 2\n")
    assert stamp(source, package) != before
