"""Which of the catalogue's features a model may be given, and what they are worth sampling."""

import numpy as np
import numpy.typing as npt

from nautilus_scalp.features.catalogue import CATALOGUE
from nautilus_scalp.features.catalogue import specify
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.features.grammar import CLOCKS_NS
from nautilus_scalp.features.grammar import TECHNICAL
from nautilus_scalp.features.grammar import parse
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.training.frame import Floats
from nautilus_scalp.training.frame import Frame
from nautilus_scalp.training.labels import NS_PER_MS


CATEGORY = {  # groups of the catalogue -> categories of the 25; other groups are in none
    "price": "price",
    "volatility": "price",
    "statistics": "price",
    "volume": "volume",
    "book": "book",
    "depth": "book",
    "technical": "technical",
}
_BUDGET_BYTES = 256 * 1024 * 1024  # of one pass over the tape: few columns of all rows


def category(name: str, params: FeatureParams) -> str | None:
    """Return the category of a feature, or None if it is in none."""
    return CATEGORY.get(specify(name, params.scale_half_life_ms).group)


def candidates(params: FeatureParams, max_warm_up_ms: float, *, depth: bool) -> tuple[str, ...]:
    """Name the features that are warm soon after a start.

    Features of other instruments, of mark prices and of funding are in no category of the 25, and
    would leave a model without them silent.

    Parameters
    ----------
    params : FeatureParams
        Parameters of the features.
    max_warm_up_ms : float
        Longest time until a feature can be used.
    depth : bool
        Whether ten-level books count as known.

    Returns
    -------
    tuple[str, ...]
        In the order of the catalogue.

    """
    return tuple(name for name in CATALOGUE if _fits(name, params, max_warm_up_ms, depth=depth))


def _fits(name: str, params: FeatureParams, max_warm_up_ms: float, *, depth: bool) -> bool:
    spec = specify(name, params.scale_half_life_ms)
    need = spec.warm_up
    if spec.group not in CATEGORY or need.marks or need.fundings or need.peers or need.spot:
        return False
    formula = parse(name)
    clock_ns = max(CLOCKS_NS[formula.clock], 0) if formula.operation == TECHNICAL else 0
    warm_ms = max(need.elapsed_ms, need.bars * clock_ns / NS_PER_MS)
    return (depth or not need.depths) and warm_ms <= max_warm_up_ms


def sample_values(
    frame: Frame, rows: npt.NDArray[np.int64], names: tuple[str, ...], params: FeatureParams
) -> Floats:
    """Compute many features of a few rows, a few columns of all rows at a time.

    Parameters
    ----------
    frame : Frame
        The tapes.
    rows : int64[k]
        Rows to keep.
    names : tuple[str, ...]
        Features.
    params : FeatureParams
        Parameters of the features.

    Returns
    -------
    float64[k, len(names)]
        The values, warm or not.

    """
    out = np.empty((len(rows), len(names)))
    width = max(1, _BUDGET_BYTES // (8 * len(frame.mid)))
    for first in range(0, len(names), width):
        columns = slice(first, first + width)
        row = 0
        for tape in frame.tapes:
            values = compute_matrix(tape, params, names[columns]).values
            here = (rows >= row) & (rows < row + len(values))
            out[here, columns] = values[rows[here] - row]
            row += len(values)
    return out
