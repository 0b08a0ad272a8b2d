"""
Compiled code that never outlives its source.

Numba keeps a function's machine code until the file that the function is in changes. The code has
been inlined into it of functions in other files, though, and constants of theirs: after an upgrade
that changed only those, the old code would run on. Here a function's cache is stamped with the
contents of every file of the package that compiled code may come from: its own, those that it
imports functions, modules or constants of, and so on. Where the cache lies stays Numba's choice,
and functions outside of the package are none of ours.

Nor do processes that start together trip over each other: Numba writes the list of a function's
compiled forms before the code that it names, and whoever reads in between gets what an older
source left there. One process at a time compiles a function, and the next finds it done.

Importing `nautilus_scalp.features` installs it, so a package with kernels that does not import it
anyway does so in its ``__init__``.
"""

import fcntl
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from functools import wraps
from pathlib import Path
from types import FunctionType
from typing import Any
from typing import Protocol
from typing import Self

from numba.core import caching
from numba.core import config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher


_PACKAGE = Path(__file__).parents[1]
_DEFAULTS = (
    "UserProvidedCacheLocator,InTreeCacheLocator,UserWideCacheLocator,"
    "IPythonCacheLocator,ZipCacheLocator"
)
# Classes are not followed: compiled code cannot use them.
_IMPORT = r"^from ({package}[\w.]*) import ([a-z_]\w*|[A-Z][A-Z0-9_]*)\b"


class Locator(Protocol):
    """What Numba asks of an object that knows where a function's cache lies."""

    def ensure_cache_path(self) -> None:
        """Make the directory, or raise OSError."""

    def get_cache_path(self) -> str:
        """Return the directory."""

    def get_source_stamp(self) -> object:
        """Return what the cache must have been written with to be used."""

    def get_disambiguator(self) -> str:
        """Return what tells apart functions of one name."""


class KernelLocator:
    """
    Numba's own locator of a function in this package, with a stamp that covers what it calls.

    Parameters
    ----------
    own : Locator
        The locator that Numba would have used.
    source : Path
        File of the function.

    """

    def __init__(self, own: Locator, source: Path) -> None:
        self._own = own
        self._source = source
        self.ensure_cache_path = own.ensure_cache_path
        self.get_cache_path = own.get_cache_path
        self.get_disambiguator = own.get_disambiguator

    @classmethod
    def from_function(cls, function: FunctionType, path: str) -> Self | None:
        """Return a locator for a function of this package, None for any other."""
        source = Path(path)
        if not source.is_relative_to(_PACKAGE):
            return None
        for name in _DEFAULTS.split(","):
            own = getattr(caching, name).from_function(function, path)
            if own is not None:
                return cls(own, source)
        return None

    def get_source_stamp(self) -> tuple[Any, str]:
        """Return Numba's own stamp and that of everything compiled along with the function."""
        return self._own.get_source_stamp(), stamp(self._source)


@cache
def stamp(source: Path, package: Path = _PACKAGE) -> str:
    """
    Return the SHA-256 over a file and all that compiled code of it may contain.

    Parameters
    ----------
    source : Path
        A file of the package.
    package : Path, optional
        The package's directory.

    """
    digest = hashlib.sha256()
    seen: set[Path] = set()
    waiting = [source]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        text = path.read_text(encoding="utf-8")
        digest.update(text.encode())
        waiting.extend(_files(package, text))
    return digest.hexdigest()


def _files(package: Path, text: str) -> list[Path]:
    """Return the files that hold what a source imports."""
    found = []
    pattern = _IMPORT.format(package=package.name)
    for module, name in re.findall(pattern, text, re.MULTILINE):
        path = package.parent.joinpath(*module.split("."))
        choices = (path / f"{name}.py", path.with_suffix(".py"), path / "__init__.py")
        found.extend([choice for choice in choices if choice.is_file()][:1])
    return found


@contextmanager
def _turn(cached: Any) -> Iterator[None]:  # noqa: ANN401 (Numba's own)
    """Wait until no other process compiles a function of this package, and keep them waiting."""
    locator = getattr(getattr(cached, "_impl", None), "locator", None)
    if not isinstance(locator, KernelLocator):
        yield
        return
    locator.ensure_cache_path()
    name = f"{cached._impl.filename_base}.lock"  # noqa: SLF001
    with Path(locator.get_cache_path(), name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install() -> None:
    """Let Numba ask `KernelLocator` first, and compile our functions one process at a time."""
    before = getattr(config, "CACHE_LOCATOR_CLASSES", "") or _DEFAULTS
    chain = f"{__name__}.{KernelLocator.__name__},{before}"
    vars(config)["CACHE_LOCATOR_CLASSES"] = chain  # Numba fills its settings in the same way
    compile_now = Dispatcher.compile

    @wraps(compile_now)
    def compile_in_turn(dispatcher: Any, signature: Any) -> object:  # noqa: ANN401 (Numba's own)
        # Numba's own lock first: a thread that holds it may come to wait for the other one.
        with global_compiler_lock, _turn(dispatcher._cache):  # noqa: SLF001
            return compile_now(dispatcher, signature)

    Dispatcher.compile = compile_in_turn  # type: ignore[method-assign, assignment]
