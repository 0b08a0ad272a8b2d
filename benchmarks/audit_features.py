"""
How many features of the catalogue are distinct on the sample catalog.

A feature counts if it moves once it is warm, and if its correlation with every feature counted
before it stays within 0.999. Needs 4 GB of memory. Run ``python benchmarks/audit_features.py``.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.features.catalogue import CATALOGUE
from nautilus_scalp.features.engine import compute_matrix


LIMIT = 0.999
WARM_UP_NS = 60_000_000_000
EVERY = 3  # rows are much alike from one quote to the next
SAMPLE = Path(__file__).parents[1] / "catalogs" / "sample"


def distinct(values: npt.NDArray[np.float64]) -> tuple[list[int], dict[int, int], list[int]]:
    """Return the distinct columns, the column that each repeat repeats, and the motionless ones."""
    deviation = values.std(axis=0)
    still = deviation < 1e-12
    scaled = (values - values.mean(axis=0)) / np.where(still, 1.0, deviation)
    correlation = np.abs(scaled.T @ scaled / len(values))
    kept: list[int] = []
    repeats: dict[int, int] = {}
    for column in np.flatnonzero(~still):
        alike = [other for other in kept if correlation[column, other] > LIMIT]
        if alike:
            repeats[int(column)] = alike[0]
        else:
            kept.append(int(column))
    return kept, repeats, np.flatnonzero(still).tolist()


def main() -> None:
    """Print the count, the repeats and the motionless features."""
    tape = read_tape(SAMPLE, extras=True)
    matrix = compute_matrix(tape, selection=CATALOGUE)
    warm = np.zeros(len(matrix), np.bool_)
    for segment in np.unique(matrix.segment):
        rows = np.flatnonzero(matrix.segment == segment)
        warm[rows] = matrix.ts_event_ns[rows] > matrix.ts_event_ns[rows[0]] + WARM_UP_NS
    kept, repeats, still = distinct(matrix.values[np.flatnonzero(warm)[::EVERY]])
    for column, other in repeats.items():
        sys.stdout.write(f"{CATALOGUE[column]} repeats {CATALOGUE[other]}\n")
    for column in still:
        sys.stdout.write(f"{CATALOGUE[column]} does not move\n")
    sys.stdout.write(f"{len(CATALOGUE)} features, {len(kept)} distinct\n")


if __name__ == "__main__":
    main()
