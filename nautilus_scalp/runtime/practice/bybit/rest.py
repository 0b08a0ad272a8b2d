"""The REST side of Bybit v5: what an adapter asks, answered as the real venue does."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal
from decimal import InvalidOperation

import msgspec

from nautilus_scalp.runtime.practice.bybit import account
from nautilus_scalp.runtime.practice.bybit import orders
from nautilus_scalp.runtime.practice.bybit import publics
from nautilus_scalp.runtime.practice.bybit.commands import BybitCommands
from nautilus_scalp.runtime.practice.bybit.commands import Params
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.exchange import Desk
from nautilus_scalp.runtime.practice.refusals import Reason
from nautilus_scalp.runtime.practice.refusals import Refused
from nautilus_scalp.runtime.practice.refusals import check_leverage
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response


type _Handler = Callable[[Params], Document]

_MOST_LEAD_MS = 1_000
_USUAL_PAGE = 50
_MOST_ORDERS, _MOST_EXECUTIONS, _MOST_TRANSACTIONS, _MOST_INSTRUMENTS = 50, 100, 50, 1_000
# Bybit's own limit per key is an answer like any other; only its limit per address is a status.
_TOO_MANY = (418, 429)


class BybitRest:
    """Answers requests from the state of a venue.

    Parameters
    ----------
    desk : Desk
        What is spoken about.
    commands : BybitCommands
        Takes orders.

    """

    def __init__(self, desk: Desk, commands: BybitCommands) -> None:
        self.requests: dict[str, int] = {}
        self._desk = desk
        self._venue = desk.venue
        self._commands = commands
        self._routes = self._build_routes()

    def _build_routes(self) -> dict[tuple[str, str], _Handler]:
        commands = self._commands
        return {
            ("GET", "/v5/market/time"): lambda _params: self._time(),
            ("GET", "/v5/market/instruments-info"): self._instruments,
            ("GET", "/v5/market/orderbook"): self._book,
            ("GET", "/v5/market/recent-trade"): self._recent_trades,
            ("GET", "/v5/market/risk-limit"): self._risk_limits,
            ("GET", "/v5/account/fee-rate"): self._fee_rates,
            ("GET", "/v5/account/info"): lambda _params: {"marginMode": "REGULAR_MARGIN"},
            ("GET", "/v5/account/wallet-balance"): lambda _params: {
                "list": [account.wallet_document(self._venue, self._desk.quote)]
            },
            ("GET", "/v5/account/transaction-log"): self._transactions,
            ("GET", "/v5/user/query-api"): lambda _params: account.api_key_document(
                self._desk.keys.api_key
            ),
            ("GET", "/v5/position/list"): self._positions,
            ("POST", "/v5/position/set-leverage"): self._set_leverage,
            ("GET", "/v5/order/realtime"): self._working_orders,
            ("GET", "/v5/order/history"): self._closed_orders,
            ("GET", "/v5/execution/list"): self._executions,
            ("POST", "/v5/order/create"): commands.create,
            ("POST", "/v5/order/amend"): commands.amend,
            ("POST", "/v5/order/cancel"): commands.cancel,
            ("POST", "/v5/order/cancel-all"): commands.cancel_all,
        }

    async def answer(self, request: Request) -> Response:
        """Answer one request.

        Parameters
        ----------
        request : Request
            Any path below ``/v5``.

        Returns
        -------
        Response
            What Bybit would say, unless a fault is due.

        """
        name = f"{request.method} {request.path}"
        self.requests[name] = self.requests.get(name, 0) + 1
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return Response(status=404, payload=self._envelope(10001, f"no path {name}"))
        if not request.path.startswith("/v5/market/"):
            refusal = self._authorise(request) or self._http_fault()
            if refusal is not None:
                return refusal
        if request.path.startswith("/v5/order/") and request.method == "POST":
            await asyncio.sleep(self._desk.faults.ack_delay_ms / 1_000)
        params = msgspec.json.decode(request.body) if request.body else dict(request.params)
        try:
            return Response(payload=self._envelope(0, "OK", handler(params)))
        except Refused as refused:
            return Response(payload=self._envelope(*orders.REFUSALS[refused.reason]))
        except (KeyError, InvalidOperation) as error:
            return Response(payload=self._envelope(10001, f"params error: {error}"))

    def _envelope(self, code: int, words: str, result: Document | None = None) -> Document:
        return {
            "retCode": code,
            "retMsg": words,
            "result": result or {},
            "retExtInfo": {},
            "time": self._venue.now_ms(),
        }

    def _authorise(self, request: Request) -> Response | None:
        headers, keys = request.headers, self._desk.keys
        if headers.get("x-bapi-api-key") != keys.api_key:
            return Response(payload=self._envelope(10003, "API key is invalid."))
        stamp = headers.get("x-bapi-timestamp", "0")
        window = headers.get("x-bapi-recv-window", "5000")
        signed = f"{stamp}{keys.api_key}{window}{request.query or request.body.decode()}"
        if not hmac.compare_digest(headers.get("x-bapi-sign", ""), sign(keys.api_secret, signed)):
            return Response(payload=self._envelope(10004, "error sign! please check your sign."))
        if not -_MOST_LEAD_MS <= self._venue.now_ms() - int(stamp) <= int(window):
            words = "invalid request, please check your server timestamp or recv_window param."
            return Response(payload=self._envelope(10002, words))
        return None

    def _http_fault(self) -> Response | None:
        faults = self._desk.faults
        if not faults.use_up("http_errors"):
            return None
        if faults.http_status in _TOO_MANY:
            return Response(payload=self._envelope(10006, "Too many visits. Exceeded the limit."))
        return Response(status=faults.http_status, payload=self._envelope(10016, "server error"))

    def _time(self) -> Document:
        now = self._venue.now_ms()
        return {"timeSecond": str(now // 1_000), "timeNano": str(now * 1_000_000)}

    def _symbols(self, params: Params) -> list[str]:
        if params.get("settleCoin") not in (None, self._desk.quote):
            return []
        wanted = params.get("symbol")
        return [symbol for symbol in self._venue.rules if wanted in (None, symbol)]

    def _instruments(self, params: Params) -> Document:
        rules = [self._venue.rules[symbol] for symbol in self._symbols(params)]
        rows = [account.instrument_document(rule) for rule in rules]
        return _page(rows, params, _MOST_INSTRUMENTS)

    def _book(self, params: Params) -> Document:
        levels, symbol = int(params.get("limit", 25)), params["symbol"]
        return orders.book_document(self._desk.market.book(symbol), symbol, levels, 0)

    def _recent_trades(self, params: Params) -> Document:
        trades = self._desk.market.trades(params["symbol"])
        newest_first = trades[: -int(params.get("limit", 500)) - 1 : -1]
        return _whole([publics.recent_trade_document(trade) for trade in newest_first])

    def _risk_limits(self, params: Params) -> Document:
        tiers = [publics.risk_limit_documents(symbol) for symbol in self._symbols(params)]
        return _whole([row for rows in tiers for row in rows])

    def _fee_rates(self, params: Params) -> Document:
        rules = [self._venue.rules[symbol] for symbol in self._symbols(params)]
        rates = [
            {
                "symbol": rule.symbol,
                "takerFeeRate": text(rule.taker_fee),
                "makerFeeRate": text(rule.maker_fee),
            }
            for rule in rules
        ]
        return {"list": rates}

    def _positions(self, params: Params) -> Document:
        held = [
            account.position_document(self._venue, symbol)
            for symbol in self._symbols(params)
            if self._venue.positions[symbol].qty or params.get("symbol")
        ]
        return _page(held, params, _USUAL_PAGE)

    def _set_leverage(self, params: Params) -> Document:
        wanted = int(Decimal(params["buyLeverage"]))
        if self._venue.leverage[params["symbol"]] == wanted:
            raise Refused(Reason.SAME_LEVERAGE)
        check_leverage(self._venue, params["symbol"], wanted)
        self._venue.leverage[params["symbol"]] = wanted
        return {}

    def _working_orders(self, params: Params) -> Document:
        """Return what works; with ``openOnly`` 1 what was closed lately."""
        wants_open = str(params.get("openOnly") or 0) == "0"
        return self._orders(params, is_open=wants_open)

    def _closed_orders(self, params: Params) -> Document:
        return self._orders(params, is_open=False)

    def _orders(self, params: Params, *, is_open: bool) -> Document:
        symbols = self._symbols(params)
        wanted = {params[key] for key in ("orderId", "orderLinkId") if params.get(key)}
        found = [
            order
            for order in self._venue.orders
            if order.ticket.symbol in symbols
            and params.get("orderFilter") in (None, "Order")
            and (not wanted or wanted & {str(order.order_id), order.ticket.client_id})
            and order.is_open == is_open
        ]
        rows = [orders.order_document(order) for order in reversed(found)]
        return _page(rows, params, _MOST_ORDERS)

    def _executions(self, params: Params) -> Document:
        """Return executions, newest first."""
        symbols = self._symbols(params)
        start = int(params.get("startTime", 0))
        rows = [
            orders.execution_document(
                trade, self._venue.orders.find(trade.order_id, None), self._desk.quote
            )
            for trade in reversed(self._venue.trades)
            if trade.symbol in symbols and trade.time_ms >= start
        ]
        return _page(rows, params, _MOST_EXECUTIONS)

    def _transactions(self, params: Params) -> Document:
        """Return the ledger: every amount that moved the balance."""
        start = int(params.get("startTime", 0))
        entries = orders.transaction_documents(self._venue, self._desk.quote)
        rows = [one for one in entries if int(one["transactionTime"]) >= start]
        return _page(rows, params, _MOST_TRANSACTIONS)


def _whole(rows: list[Document]) -> Document:
    return {"category": "linear", "list": rows, "nextPageCursor": ""}


def _page(rows: list[Document], params: Params, most: int) -> Document:
    """Return one page of rows; its cursor is where the next one begins."""
    begin = int(params.get("cursor") or 0)
    end = begin + min(int(params.get("limit", _USUAL_PAGE)), most)
    cursor = str(end) if end < len(rows) else ""
    return {"category": "linear", "list": rows[begin:end], "nextPageCursor": cursor}


def sign(secret: str, words: str) -> str:
    """Return the signature that Bybit expects.

    Parameters
    ----------
    secret : str
        The key's secret.
    words : str
        What is signed.

    Returns
    -------
    str
        HMAC SHA-256 in hexadecimal digits.

    """
    return hmac.new(secret.encode(), words.encode(), hashlib.sha256).hexdigest()
