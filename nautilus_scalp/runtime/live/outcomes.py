"""Answers that do not say what became of an order must not be taken for a rejection."""

import re
from collections.abc import Callable
from typing import Any

from nautilus_trader.adapters.binance import BinanceLiveExecClientFactory
from nautilus_trader.adapters.binance.futures.execution import BinanceFuturesExecutionClient
from nautilus_trader.adapters.bybit import BybitLiveExecClientFactory
from nautilus_trader.adapters.bybit.execution import BybitExecutionClient
from nautilus_trader.core.nautilus_pyo3 import OrderRejected
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.live.factories import LiveExecClientFactory

from nautilus_scalp.runtime.live.inquiry import BinanceInquiry
from nautilus_scalp.runtime.live.inquiry import BybitInquiry
from nautilus_scalp.runtime.live.mending import Mending


# Binance: any HTTP 5xx, and these codes, leave the outcome open ("execution status unknown").
# -4116 (duplicate id) answers the repetition of an order whose first answer was lost.
_UNKNOWN_CODES = frozenset({-1000, -1001, -1006, -1007, -4116})
_GONE_CODES = frozenset({-2011, -2013})
# Bybit's 110001, 110008 and 110010, in its words.
_GONE_WORDS = re.compile(r"not exist|too late|completed or cancelled|been cancelled", re.IGNORECASE)
# Bybit: 10000 "Server Timeout", 10016 "Internal System Error" or "Server error", and the answer to
# a repetition. Its client gives the words and not the code.
_UNKNOWN_WORDS = re.compile(r"timeout|timed out|system error|server error|duplicate", re.IGNORECASE)
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
    >>> is_unknown_outcome("Server Timeout"), is_unknown_outcome("ab not enough for new order")
    (True, False)

    """
    code = _CODE.search(reason)
    if "BinanceServerError" in reason:
        return True
    if code is not None:
        return int(code.group(1)) in _UNKNOWN_CODES
    return _UNKNOWN_WORDS.search(reason) is not None


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
    >>> is_gone("order not exists or too late to cancel"), is_gone("Price invalid")
    (True, False)

    """
    code = _CODE.search(reason)
    if code is not None:
        return int(code.group(1)) in _GONE_CODES
    return _GONE_WORDS.search(reason) is not None


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
    """Builds Bybit's execution client, with the same held back."""

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
        reject = client._handle_order_rejected_pyo3  # noqa: SLF001 (what its stream calls)

        def reject_unless_unknown(event: OrderRejected) -> None:
            if not _is_held_back(client, event.client_order_id, event.reason):
                reject(event)

        setattr(client, "_handle_order_rejected_pyo3", reject_unless_unknown)  # noqa: B010 (mypy)
        Mending(client, BybitInquiry(client))
        return client


def _unless_unknown(client: BinanceFuturesExecutionClient) -> Callable[..., None]:
    reject = client.generate_order_rejected

    def reject_unless_unknown(**event: Any) -> None:  # noqa: ANN401 (the event's own fields)
        if not _is_held_back(client, event["client_order_id"], str(event["reason"])):
            reject(**event)

    return reject_unless_unknown


def _is_held_back(client: LiveExecutionClient, client_order_id: object, reason: str) -> bool:
    held_back = is_unknown_outcome(reason)
    if held_back:
        words = f"{client_order_id!r}: outcome unknown ({reason}), the venue will be asked"
        client._log.warning(words)  # noqa: SLF001 (the client's own log)
    return held_back
