"""Files that are there whole or not at all, whatever the process dies of."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which takes the place of another when the block ends.

    Parameters
    ----------
    path : Path
        The file to make or to replace; its folder is made if it is missing.

    Yields
    ------
    Path
        In the same folder, ending in ``.tmp``. A crash leaves the old file or the new one.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)
