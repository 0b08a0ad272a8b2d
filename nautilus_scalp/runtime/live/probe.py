"""Asks the configured venue what it knows of symbols and account."""

from nautilus_scalp.runtime.live.answers import ask_venue
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.live.probe_binance import probe_binance
from nautilus_scalp.runtime.live.probe_bybit import probe_bybit
from nautilus_scalp.runtime.live.venue_facts import VenueFacts


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
    ScalpError
        If the venue does not answer, or refuses.

    """
    ask = _PROBES[config.live.venue]
    return ask_venue(lambda: ask(config, keys))
