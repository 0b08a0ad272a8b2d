"""What an order is worth when its size follows from the account's balance."""

from nautilus_scalp.risk.sizing import SizingParams
from nautilus_scalp.risk.sizing import TradeRecord
from nautilus_scalp.risk.sizing import entry_fraction
from nautilus_scalp.signals.combination import Opinion
from nautilus_scalp.strategies.permission import Permission


# What stands in for a signal where a rule decides alone: it is as strong and sure as can be.
BY_RULE = Opinion(strength=2.0, confidence=1.0, expected_move_bps=0.0, ts_ns=0)


def stake(
    params: SizingParams,
    opinion: Opinion,
    yearly_volatility: float,
    permission: Permission,
    equity: float,
) -> float:
    """
    Return the value of an order, before regime and portfolio scale it.

    Parameters
    ----------
    params : SizingParams
        Which method, and its numbers.
    opinion : Opinion
        Of the model, or ``BY_RULE``.
    yearly_volatility : float
        Annual volatility of the instrument; NaN while unknown.
    permission : Permission
        Knows the strategy's own record.
    equity : float
        Balance of the account; NaN while unknown.

    Returns
    -------
    float
        In quote currency; NaN or 0 when a number that the method needs is not known.

    """
    log = permission.breaker.log
    record = TradeRecord(wins=log.wins, losses=log.losses, won=log.won, lost=log.lost)
    strength, confidence = opinion.strength, opinion.confidence
    return equity * entry_fraction(params, strength, confidence, yearly_volatility, record)
