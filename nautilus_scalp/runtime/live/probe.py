"""Asks the configured venue what it knows of symbols and account."""

import asyncio

from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.probe_binance import probe_binance
from nautilus_scalp.runtime.live.probe_bybit import probe_bybit
from nautilus_scalp.runtime.live.venue_facts import VenueFacts


_TIMEOUT_S = 15.0
_PROBES = {"BINANCE": probe_binance, "BYBIT": probe_bybit}


def probe(config: LiveConfig, keys: Credentials) -> VenueFacts:
    """Ask the venue.

    Parameters
    ----------
    config : LiveConfig
        Venue, mode, address and instruments.
    keys : Credentials
        Empty ones ask the public questions only.

    Returns
    -------
    VenueFacts
        As of now.

    Raises
    ------
    TimeoutError
        If the venue does not answer.

    """
    ask = _PROBES[config.live.venue]
    try:
        return asyncio.run(asyncio.wait_for(ask(config, keys), _TIMEOUT_S))
    except TimeoutError:
        message = f"the venue did not answer within {_TIMEOUT_S:g} s"
        raise TimeoutError(message) from None
