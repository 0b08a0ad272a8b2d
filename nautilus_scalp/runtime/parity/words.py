"""The verdict on a recording in two lines."""

import msgspec

from nautilus_scalp.runtime.parity.compare import Difference
from nautilus_scalp.runtime.parity.run import ParityAnswer


_LONGEST = 300


def verdict(answer: ParityAnswer) -> tuple[str, str]:
    """Say how a comparison ended.

    Parameters
    ----------
    answer : ParityAnswer
        Of `check_parity`.

    Returns
    -------
    tuple[str, str]
        The verdict, and what it rests on or what to look at.

    """
    counts = answer.compared
    amount = (
        f"{counts.signals} signals with {counts.features} feature values, "
        f"{counts.regimes} regimes, {counts.order_intents} order intents"
    )
    told = (
        f"{counts.market_events} market events, {counts.order_events} order events, "
        f"{counts.timers} timers"
    )
    if answer.difference is None:
        return f"equal: {amount}", f"replayed {told} in {answer.seconds:.1f} s"
    return _first_difference(answer.difference), f"the same until then: {amount} after {told}"


def _first_difference(found: Difference) -> str:
    was, now = found.recorded, found.replayed
    name = found.where
    if isinstance(was, dict) and isinstance(now, dict):
        name = str(was.get("order", was.get("instrument", "")))
        keys = [key for key in was if was[key] != now.get(key)]
        was, now = {key: was[key] for key in keys}, {key: now.get(key) for key in keys}
    where = f" ({name})" if name else ""
    return (
        f"different: {found.what}{where} at {found.time}: "
        f"recorded {_short(was)}, replayed {_short(now)}"
    )


def _short(value: object) -> str:
    text = "nothing" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
