"""The fee at which a run would have earned nothing: the honest answer to "is it profitable?"."""

from nautilus_scalp.evaluation.fills import BPS


def breakeven_fee_bps(gross: float, funding: float, volume: float) -> float | None:
    """
    Return the fee, in basis points of traded value, at which net P&L is exactly zero.

    Parameters
    ----------
    gross : float
        P&L before fees, quote currency.
    funding : float
        Funding received (negative: paid), quote currency.
    volume : float
        Traded value, quote currency.

    Returns
    -------
    float or None
        ``(gross + funding) / volume * 1e4``. Negative: the venue would have to pay a rebate.
        None without volume.

    Examples
    --------
    >>> breakeven_fee_bps(gross=12.0, funding=-2.0, volume=100_000.0)
    1.0

    """
    return (gross + funding) / volume * BPS if volume > 0.0 else None


def effective_fee_bps(fees: float, volume: float) -> float | None:
    """
    Return the fee actually paid in basis points of traded value; None without volume.

    Examples
    --------
    >>> effective_fee_bps(fees=20.0, volume=100_000.0)
    2.0

    """
    return fees / volume * BPS if volume > 0.0 else None
