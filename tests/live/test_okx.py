"""Why OKX is not a third venue: its client counts contracts where the others count coins."""

import asyncio

from nautilus_trader.core.nautilus_pyo3 import OKXHttpClient
from nautilus_trader.core.nautilus_pyo3 import OKXInstrumentType
from nautilus_trader.model.instruments import CryptoPerpetual

from nautilus_scalp.runtime.practice.wire import Request
from nautilus_scalp.runtime.practice.wire import Response
from nautilus_scalp.runtime.practice.wire import Server
from nautilus_scalp.runtime.practice.wire import Socket


# As GET /api/v5/public/instruments?instType=SWAP answers for this contract.
SWAP = {
    "instType": "SWAP",
    "instId": "BTC-USDT-SWAP",
    "instIdCode": 10459,
    "uly": "BTC-USDT",
    "instFamily": "BTC-USDT",
    "baseCcy": "",
    "quoteCcy": "",
    "settleCcy": "USDT",
    "ctVal": "0.01",
    "ctMult": "1",
    "ctValCcy": "BTC",
    "optType": "",
    "stk": "",
    "listTime": "1611916828000",
    "expTime": "",
    "lever": "100",
    "tickSz": "0.1",
    "lotSz": "0.01",
    "minSz": "0.01",
    "ctType": "linear",
    "state": "live",
    "ruleType": "normal",
    "maxLmtSz": "100000000",
    "maxMktSz": "35000",
    "maxLmtAmt": "20000000",
    "maxMktAmt": "",
    "maxTwapSz": "100000000",
    "maxIcebergSz": "100000000",
    "maxTriggerSz": "100000000",
    "maxStopSz": "35000",
}


async def answer(_request: Request) -> Response:
    return Response(payload={"code": "0", "msg": "", "data": [SWAP]})


async def refuse(_request: Request, socket: Socket) -> None:
    socket.abort()


async def load() -> CryptoPerpetual:
    server = Server(answer, refuse)
    port = await server.start()
    try:
        keys = dict.fromkeys(("api_key", "api_secret", "api_passphrase"), "made up")
        client = OKXHttpClient(**keys, base_url=f"http://127.0.0.1:{port}")
        instruments, *_ = await client.request_instruments(OKXInstrumentType.SWAP)
    finally:
        await server.stop()
    return CryptoPerpetual.from_pyo3(instruments[0])


def test_a_quantity_is_a_number_of_contracts() -> None:
    swap = asyncio.run(load())
    assert str(swap.id) == "BTC-USDT-SWAP.OKX"
    assert str(swap.multiplier) == "0.01"
    one_coin = swap.notional_value(swap.make_qty(1), swap.make_price(60_000))
    assert one_coin.as_double() == 600.0
