"""What a live run's strategies did not do, and why: the words of the status line."""

from collections import Counter

from nautilus_trader.trading.trader import Trader


def refused(trader: Trader) -> list[str]:
    """
    Return the refusals of all strategies so far, the most frequent first.

    Parameters
    ----------
    trader : Trader
        Whose strategies; one that counts no refusals has none.

    Returns
    -------
    list[str]
        One remark, or none while nothing was refused.

    """
    counts: Counter[str] = Counter()
    for strategy in trader.strategies():
        counts.update(getattr(strategy, "refusals", {}))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = ", ".join(f"{reason} {times}" for reason, times in ordered)
    return [f"refused {words}"] if words else []
