"""Answers that do not say what became of an order must not be taken for a rejection."""

import re
from collections.abc import Callable
from typing import Any

from nautilus_trader.adapters.binance import BinanceLiveExecClientFactory
from nautilus_trader.adapters.binance.futures.execution import BinanceFuturesExecutionClient
from nautilus_trader.adapters.bybit import BybitLiveExecClientFactory
from nautilus_trader.adapters.bybit.execution import BybitExecutionClient
from nautilus_trader.live.factories import LiveExecClientFactory

from nautilus_scalp.runtime.live.inquiry import BinanceInquiry
from nautilus_scalp.runtime.live.inquiry import BybitInquiry
from nautilus_scalp.runtime.live.mending import Mending


# Binance: any HTTP 5xx, and these codes, leave the outcome open ("execution status unknown").
# -4116 (duplicate id) answers the repetition of an order whose first answer was lost.
_UNKNOWN_CODES = frozenset({-1000, -1001, -1006, -1007, -4116})
_GONE_CODES = frozenset({-2011, -2013})
_CODE = re.compile(r"'code': (-?\d+)")


def is_unknown_outcome(reason: str) -> bool:
    """Tell whether a failed request may have reached the matching engine all the same.

    Parameters
    ----------
    reason : str
        What the adapter gives as the reason of a rejection.

    Returns
    -------
    bool
        True if only the venue can tell.

    Examples
    --------
    >>> is_unknown_outcome("BinanceServerError({'code': -1000, 'msg': 'Unknown error'})")
    True
    >>> is_unknown_outcome("BinanceClientError({'code': -2019, 'msg': 'Margin is insufficient.'})")
    False

    """
    code = _CODE.search(reason)
    return "BinanceServerError" in reason or (
        code is not None and int(code.group(1)) in _UNKNOWN_CODES
    )


def is_gone(reason: str) -> bool:
    """Tell whether a venue no longer works an order that was to be changed.

    Parameters
    ----------
    reason : str
        What the adapter gives as the reason of the rejection.

    Returns
    -------
    bool
        True if the order is filled, cancelled or unknown there.

    Examples
    --------
    >>> is_gone("{'code': -2013, 'msg': 'Order does not exist.'}")
    True

    """
    code = _CODE.search(reason)
    return code is not None and int(code.group(1)) in _GONE_CODES


class BinanceExecutionFactory(LiveExecClientFactory):
    """Builds Binance's execution client, with rejections held back while the outcome is open.

    The adapter reports every failed request as a rejection, so an order that the venue did take
    would rest there with nobody to cancel it (nautilus_trader 1.231). Without the rejection it
    stays submitted, and Nautilus's in-flight check asks the venue what became of it.
    """

    @staticmethod
    def create(**parts: Any) -> BinanceFuturesExecutionClient:  # type: ignore[override]  # noqa: ANN401
        """Build the client.

        Parameters
        ----------
        **parts : Any
            What Nautilus's node builder hands over: loop, name, config, msgbus, cache, clock.

        Returns
        -------
        BinanceFuturesExecutionClient
            The adapter's own, mended.

        """
        client = BinanceLiveExecClientFactory.create(**parts)
        client.generate_order_rejected = _unless_unknown(client)
        Mending(client, BinanceInquiry(client))
        return client


class BybitExecutionFactory(LiveExecClientFactory):
    """Builds Bybit's execution client, mended."""

    @staticmethod
    def create(**parts: Any) -> BybitExecutionClient:  # type: ignore[override]  # noqa: ANN401
        """Build the client.

        Parameters
        ----------
        **parts : Any
            What Nautilus's node builder hands over: loop, name, config, msgbus, cache, clock.

        Returns
        -------
        BybitExecutionClient
            The adapter's own, mended.

        """
        client = BybitLiveExecClientFactory.create(**parts)
        Mending(client, BybitInquiry(client))
        return client


def _unless_unknown(client: BinanceFuturesExecutionClient) -> Callable[..., None]:
    reject = client.generate_order_rejected

    def reject_unless_unknown(**event: Any) -> None:  # noqa: ANN401 (the event's own fields)
        if is_unknown_outcome(str(event["reason"])):
            client._log.warning(  # noqa: SLF001 (the client's own log)
                f"{event['client_order_id']!r}: outcome unknown, the venue will be asked"
            )
            return
        reject(**event)

    return reject_unless_unknown
