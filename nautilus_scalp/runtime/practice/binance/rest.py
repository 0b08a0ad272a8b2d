"""The REST side of Binance USD-M futures: what an adapter asks, answered as the real venue does."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal
from decimal import InvalidOperation
from typing import Any

import msgspec

from nautilus_scalp.runtime.practice.account import BUY
from nautilus_scalp.runtime.practice.account import SELL
from nautilus_scalp.runtime.practice.account import Order
from nautilus_scalp.runtime.practice.account import Ticket
from nautilus_scalp.runtime.practice.binance import account
from nautilus_scalp.runtime.practice.binance import orders
from nautilus_scalp.runtime.practice.binance import publics
from nautilus_scalp.runtime.practice.binance.streams import BinanceStreams
from nautilus_scalp.runtime.practice.documents import Document
from nautilus_scalp.runtime.practice.documents import text
from nautilus_scalp.runtime.practice.exchange import Desk
from nautilus_scalp.runtime.practice.refusals import Reason
from nautilus_scalp.runtime.practice.refusals import Refused
from nautilus_scalp.runtime.practice.refusals import check_leverage
from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response


_RECV_WINDOW_MS = 5_000
_MOST_LEAD_MS = 1_000
_MOST_AGG_TRADES = 1_000
_PUBLIC = tuple(
    f"/fapi/v1/{name}" for name in ("exchangeInfo", "time", "ping", "depth", "aggTrades")
)
type _Handler = Callable[[Request], Any]


class BinanceRest:
    """Answers requests from the state of a venue.

    Parameters
    ----------
    desk : Desk
        What is spoken about.
    streams : BinanceStreams
        Hands out listen keys.

    """

    def __init__(self, desk: Desk, streams: BinanceStreams) -> None:
        self.requests: dict[str, int] = {}
        self._desk = desk
        self._venue = desk.venue
        self._faults = desk.faults
        self._streams = streams
        self._routes = self._build_routes()

    def _build_routes(self) -> dict[tuple[str, str], _Handler]:
        return {
            ("GET", "/fapi/v1/ping"): lambda _request: {},
            ("GET", "/fapi/v1/time"): lambda _request: {"serverTime": self._venue.now_ms()},
            ("GET", "/fapi/v1/exchangeInfo"): self._exchange_info,
            ("GET", "/fapi/v1/depth"): self._depth,
            ("GET", "/fapi/v1/aggTrades"): self._agg_trades,
            ("GET", "/fapi/v2/account"): self._account,
            ("GET", "/fapi/v3/positionRisk"): self._position_risk,
            ("GET", "/fapi/v1/commissionRate"): self._commission_rate,
            ("GET", "/fapi/v1/symbolConfig"): self._symbol_config,
            ("GET", "/fapi/v1/leverageBracket"): self._brackets,
            ("POST", "/fapi/v1/leverage"): self._set_leverage,
            ("POST", "/fapi/v1/marginType"): self._set_margin_type,
            ("GET", "/fapi/v1/income"): self._income,
            ("GET", "/fapi/v1/positionSide/dual"): lambda _request: {"dualSidePosition": False},
            ("POST", "/fapi/v1/listenKey"): lambda _request: self._streams.open_listen_key(),
            ("PUT", "/fapi/v1/listenKey"): lambda _request: self._streams.keep_listen_key(),
            ("DELETE", "/fapi/v1/listenKey"): lambda _request: self._streams.close_listen_key(),
            ("GET", "/fapi/v1/openOrders"): self._open_orders,
            ("GET", "/fapi/v1/allOrders"): self._all_orders,
            ("GET", "/fapi/v1/userTrades"): self._user_trades,
            ("GET", "/fapi/v1/openAlgoOrders"): lambda _request: [],
            ("GET", "/fapi/v1/allAlgoOrders"): lambda _request: [],
            ("GET", "/fapi/v1/order"): self._query_order,
            ("POST", "/fapi/v1/order"): self._new_order,
            ("PUT", "/fapi/v1/order"): self._amend_order,
            ("DELETE", "/fapi/v1/order"): self._cancel_order,
            ("DELETE", "/fapi/v1/allOpenOrders"): self._cancel_all,
            ("DELETE", "/fapi/v1/batchOrders"): self._cancel_batch,
        }

    async def answer(self, request: Request) -> Response:
        """Answer one request.

        Parameters
        ----------
        request : Request
            Any path below ``/fapi``.

        Returns
        -------
        Response
            What Binance would say, unless a fault is due.

        """
        name = f"{request.method} {request.path}"
        if name == "POST /fapi/v1/order":
            params = request.params
            self._desk.reactions.order(
                params.get("symbol", ""), params.get("newClientOrderId", ""), request.arrived_ns
            )
        self.requests[name] = self.requests.get(name, 0) + 1
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return Response(status=404, payload={"code": -5000, "msg": f"Path {name} is invalid."})
        if request.path in _PUBLIC:
            return Response(payload=handler(request))
        return self._authorise(request) or self._http_fault() or await self._signed(request)

    async def _signed(self, request: Request) -> Response:
        """Answer a request of the account's owner, with whatever fault is due."""
        is_order = request.path == "/fapi/v1/order"
        is_new_order = is_order and request.method == "POST"
        if is_new_order and self._faults.use_up("lost_orders"):
            return Response(drop=True)
        if is_new_order and self._faults.use_up("rejected_orders"):
            return _refusal(Reason.INSUFFICIENT_MARGIN)
        answer = self._answer(request)
        if is_order and self._faults.ack_delay_ms:
            await asyncio.sleep(self._faults.ack_delay_ms / 1_000)
        if is_new_order and self._faults.use_up("lost_acks"):
            return Response(drop=True)
        if is_new_order and self._faults.use_up("unknown_results"):
            message = "Unknown error, please check your request or try again later."
            return Response(status=503, payload={"code": -1000, "msg": message})
        return answer

    def _answer(self, request: Request) -> Response:
        try:
            return Response(payload=self._routes[request.method, request.path](request))
        except Refused as refused:
            return _refusal(refused.reason)
        except (KeyError, InvalidOperation) as error:
            message = f"Mandatory parameter was not sent or malformed: {error}"
            return Response(status=400, payload={"code": -1102, "msg": message})

    def _authorise(self, request: Request) -> Response | None:
        if request.headers.get("x-mbx-apikey") != self._desk.keys.api_key:
            return Response(status=401, payload={"code": -2015, "msg": "Invalid API-key."})
        if request.path == "/fapi/v1/listenKey":
            return None  # the only path that asks for the key alone
        signed, _, signature = request.query.rpartition("&signature=")
        secret = self._desk.keys.api_secret.encode()
        expected = hmac.new(secret, signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature, expected):
            message = "Signature for this request is not valid."
            return Response(status=400, payload={"code": -1022, "msg": message})
        lag_ms = self._venue.now_ms() - int(request.params.get("timestamp", "0"))
        if not -_MOST_LEAD_MS <= lag_ms <= int(request.params.get("recvWindow", _RECV_WINDOW_MS)):
            message = "Timestamp for this request is outside of the recvWindow."
            return Response(status=400, payload={"code": -1021, "msg": message})
        return None

    def _http_fault(self) -> Response | None:
        if not self._faults.use_up("http_errors"):
            return None
        status = self._faults.http_status
        if status in (418, 429):
            payload = {"code": -1003, "msg": "Too many requests."}
            return Response(status=status, payload=payload, headers={"Retry-After": "1"})
        payload = {"code": -1001, "msg": "Internal error; unable to process your request."}
        return Response(status=status, payload=payload)

    def _exchange_info(self, _request: Request) -> Document:
        limits = [
            ("REQUEST_WEIGHT", "MINUTE", 1, 2400),
            ("ORDERS", "MINUTE", 1, 1200),
            ("ORDERS", "SECOND", 10, 300),
        ]
        names = ("rateLimitType", "interval", "intervalNum", "limit")
        return {
            "timezone": "UTC",
            "serverTime": self._venue.now_ms(),
            "futuresType": "U_MARGINED",
            "rateLimits": [dict(zip(names, limit, strict=True)) for limit in limits],
            "exchangeFilters": [],
            "assets": [
                {"asset": self._desk.quote, "marginAvailable": True, "autoAssetExchange": "0"}
            ],
            "symbols": [account.symbol_document(rules) for rules in self._venue.rules.values()],
        }

    def _depth(self, request: Request) -> Document:
        book, now = self._desk.market.book(request.params["symbol"]), self._venue.now_ms()
        levels = int(request.params.get("limit", "500"))
        return {
            "lastUpdateId": self._streams.update_id,
            "E": now,
            "T": now,
            "bids": book.bids[:levels],
            "asks": book.asks[:levels],
        }

    def _agg_trades(self, request: Request) -> list[Document]:
        """Return public trades of a window, from its beginning on: a page, as the venue does."""
        params = request.params
        begin, end = int(params.get("startTime", "0")), int(params.get("endTime", str(2**62)))
        found = [
            trade
            for trade in self._desk.market.trades(params["symbol"])
            if begin <= trade.time_ms <= end
        ]
        page = found[: min(int(params.get("limit", "500")), _MOST_AGG_TRADES)]
        return [publics.agg_trade_document(trade) for trade in page]

    def _account(self, _request: Request) -> Document:
        return account.account_document(self._venue, self._desk.quote)

    def _position_risk(self, request: Request) -> list[Document]:
        wanted = request.params.get("symbol")
        return [
            account.position_document(self._venue, symbol)
            for symbol, position in self._venue.positions.items()
            if (symbol == wanted if wanted else position.qty != 0)
        ]

    def _commission_rate(self, request: Request) -> Document:
        rules = self._venue.rules[request.params["symbol"]]
        return {
            "symbol": rules.symbol,
            "makerCommissionRate": text(rules.maker_fee),
            "takerCommissionRate": text(rules.taker_fee),
        }

    def _symbol_config(self, request: Request) -> list[Document]:
        wanted = request.params.get("symbol")
        return [
            {
                "symbol": symbol,
                "marginType": "CROSSED",
                "isAutoAddMargin": False,
                "leverage": leverage,
                "maxNotionalValue": "50000000",
            }
            for symbol, leverage in self._venue.leverage.items()
            if wanted in (None, symbol)
        ]

    def _brackets(self, request: Request) -> list[Document]:
        wanted = request.params.get("symbol")
        symbols = [symbol for symbol in self._venue.rules if wanted in (None, symbol)]
        return [publics.bracket_document(symbol) for symbol in symbols]

    def _set_leverage(self, request: Request) -> Document:
        symbol, leverage = request.params["symbol"], int(request.params["leverage"])
        check_leverage(self._venue, symbol, leverage)
        self._venue.leverage[symbol] = leverage
        return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": "50000000"}

    def _set_margin_type(self, request: Request) -> Document:
        if request.params["marginType"] == "CROSSED":
            raise Refused(Reason.NO_CHANGE)
        raise Refused(Reason.ONLY_CROSS_MARGIN)

    def _income(self, request: Request) -> list[Document]:
        """Return the ledger: every amount that moved the balance."""
        start, limit = int(request.params.get("startTime", "0")), request.params.get("limit", "100")
        entries = orders.income_documents(self._venue, self._desk.quote)
        return [entry for entry in entries if entry["time"] >= start][: int(limit)]

    def _open_orders(self, request: Request) -> list[Document]:
        working = self._venue.orders.working(request.params.get("symbol"))
        return [orders.order_document(order) for order in working]

    def _all_orders(self, request: Request) -> list[Document]:
        limit = int(request.params.get("limit", "500"))
        mine = self._of_symbol(request.params["symbol"])
        return [orders.order_document(order) for order in mine[-limit:]]

    def _user_trades(self, request: Request) -> list[Document]:
        symbol = request.params["symbol"]
        start, number = request.params.get("startTime"), request.params.get("orderId")
        trades = [
            trade
            for trade in self._venue.trades
            if trade.symbol == symbol
            and trade.time_ms >= int(start or 0)
            and number in (None, str(trade.order_id))
        ]
        limit = int(request.params.get("limit", "500"))
        page = trades[:limit] if start else trades[-limit:]
        return [orders.trade_document(trade, self._desk.quote) for trade in page]

    def _of_symbol(self, symbol: str) -> list[Order]:
        return [order for order in self._venue.orders if order.ticket.symbol == symbol]

    def _find(self, request: Request) -> Order:
        order_id = request.params.get("orderId")
        client_id = request.params.get("origClientOrderId")
        return self._venue.orders.find(int(order_id) if order_id else None, client_id)

    def _query_order(self, request: Request) -> Document:
        return orders.order_document(self._find(request))

    def _new_order(self, request: Request) -> Document:
        params = request.params
        is_market = params["type"] == "MARKET"
        ticket = Ticket(
            symbol=params["symbol"],
            client_id=params["newClientOrderId"],
            side=BUY if params["side"] == "BUY" else SELL,
            qty=Decimal(params["quantity"]),
            price=None if is_market else Decimal(params["price"]),
            time_in_force="GTC" if is_market else params["timeInForce"],
            reduce_only=params.get("reduceOnly", "").lower() == "true",
        )
        return orders.order_document(self._venue.submit(ticket))

    def _amend_order(self, request: Request) -> Document:
        qty, price = Decimal(request.params["quantity"]), Decimal(request.params["price"])
        return orders.order_document(self._venue.amend(self._find(request), qty, price))

    def _cancel_order(self, request: Request) -> Document:
        try:
            order = self._find(request)
        except Refused:
            raise Refused(Reason.UNKNOWN_ORDER) from None
        return orders.order_document(self._venue.cancel(order))

    def _cancel_all(self, request: Request) -> Document:
        for order in self._venue.orders.working(request.params["symbol"]):
            self._venue.cancel(order)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _cancel_batch(self, request: Request) -> list[Document]:
        answers = []
        for client_id in msgspec.json.decode(request.params["origClientOrderIdList"]):
            try:
                order = self._venue.cancel(self._venue.orders.find(None, client_id))
                answers.append(orders.order_document(order))
            except Refused as refused:
                _status, code, words = orders.REFUSALS[refused.reason]
                answers.append({"code": code, "msg": words})
        return answers


def _refusal(reason: Reason) -> Response:
    status, code, words = orders.REFUSALS[reason]
    return Response(status=status, payload={"code": code, "msg": words})
