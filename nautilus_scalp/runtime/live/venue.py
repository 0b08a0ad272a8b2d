"""The venue of a run: the real one with the keys of the environment, or a practice exchange."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from nautilus_scalp.runtime.live.clients import NO_CREDENTIALS
from nautilus_scalp.runtime.live.clients import Credentials
from nautilus_scalp.runtime.live.clients import credentials_from_environment
from nautilus_scalp.runtime.live.config import LiveConfig
from nautilus_scalp.runtime.practice.account import PracticeKeys
from nautilus_scalp.runtime.practice.process import PracticeSettings
from nautilus_scalp.runtime.practice.process import practice_exchange
from nautilus_scalp.settings import to_ns


@contextmanager
def venue_of(
    config: LiveConfig, *, for_check: bool = False
) -> Iterator[tuple[LiveConfig, Credentials]]:
    """Yield the configuration with the venue's address, and the keys for it.

    Parameters
    ----------
    config : LiveConfig
        In mode "practice" the practice exchange runs for as long as the block lasts.
    for_check : bool
        Whether missing keys are somebody else's to complain about.

    Yields
    ------
    tuple[LiveConfig, Credentials]
        The configuration to trade with, and the keys.

    Raises
    ------
    UsageError
        If keys are missing, or the practice exchange does not start.

    """
    practice = config.practice
    if config.live.mode != "practice" or practice is None:
        yield config, NO_CREDENTIALS if for_check else credentials_from_environment(config)
        return
    keys = PracticeKeys(api_key=secrets.token_hex(16), api_secret=secrets.token_hex(32))
    settings = PracticeSettings(
        catalog=practice.catalog,
        venue=config.live.venue,
        instrument_ids=config.instrument_ids,
        start_ns=to_ns(practice.start) if practice.start else None,
        end_ns=to_ns(practice.end) if practice.end else None,
        speed=practice.speed,
        balance=practice.balance,
        keys=keys,
    )
    with practice_exchange(settings) as address:
        live = msgspec.structs.replace(
            config.live, base_url_http=address.http, base_url_ws=address.ws
        )
        yield (
            msgspec.structs.replace(config, live=live),
            Credentials(api_key=keys.api_key, api_secret=keys.api_secret),
        )
