"""Finished stages of a training, kept beside the artifact until it is there.

A training that was interrupted goes on after its last finished stage and ends with the bytes that
it would have had: a stage hands on arrays, and these are what is kept, as safetensors. The
directory is named by the model's id, so stages of another configuration or other data are never
taken.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy


type Arrays = dict[str, npt.NDArray[np.generic]]

_SUFFIX = ".safetensors"


class Stages:
    """The finished stages of one training.

    Parameters
    ----------
    path : Path, optional
        Directory to keep them in; None keeps nothing.

    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def finished(self) -> tuple[str, ...]:
        """Names of the stages that are kept."""
        if self._path is None:
            return ()
        return tuple(sorted(file.stem for file in self._path.glob(f"*{_SUFFIX}")))

    def run(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """Return what a stage hands on, computed now unless it was kept.

        Parameters
        ----------
        name : str
            Of the stage.
        compute : Callable[[], dict[str, ndarray]]
            The stage.

        Returns
        -------
        dict[str, ndarray]
            By name. A file that cannot be read is computed again.

        """
        if self._path is None:
            return compute()
        file = self._path / f"{name}{_SUFFIX}"
        if file.is_file():
            try:
                return safetensors_numpy.load(file.read_bytes())
            except SafetensorError:
                file.unlink()
        found = compute()
        self._path.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".part")
        draft.write_bytes(
            safetensors_numpy.save({key: np.ascontiguousarray(a) for key, a in found.items()})
        )
        draft.replace(file)
        return found

    def inner(self, name: str) -> "Stages":
        """Return the stages of a part of the training."""
        return Stages(None if self._path is None else self._path / name)

    def clear(self) -> None:
        """Remove what was kept: the artifact is there."""
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)


NO_STAGES = Stages()
