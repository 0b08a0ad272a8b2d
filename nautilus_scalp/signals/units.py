"""Ranges and units of parameters: thresholds in percent of the price, or in volatility."""

from typing import Annotated
from typing import Literal

from msgspec import Meta


Positive = Annotated[float, Meta(gt=0.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Share = Annotated[float, Meta(ge=-1.0, le=1.0)]
Count = Annotated[int, Meta(ge=1)]
ThresholdUnit = Literal["percent", "volatility"]

_PERCENT = 0.01


def as_fraction(threshold: float, unit: ThresholdUnit, volatility: float) -> float:
    """
    Return a threshold as a fraction of the price.

    Parameters
    ----------
    threshold : float
        In percent of the price, or in multiples of the volatility.
    unit : {"percent", "volatility"}
        Which of the two.
    volatility : float
        Standard deviation of the return over the horizon in use, as a fraction; NaN while unknown.

    Returns
    -------
    float
        The fraction; NaN while it depends on an unknown volatility, so that no comparison with it
        is true.

    Examples
    --------
    >>> as_fraction(0.2, "percent", 0.001), as_fraction(3.0, "volatility", 0.001)
    (0.002, 0.003)

    """
    return threshold * (_PERCENT if unit == "percent" else volatility)
