"""The recorded instruments are those that the live client would build."""

from pathlib import Path

import msgspec
import pytest
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.futures.providers import BinanceFuturesInstrumentProvider
from nautilus_trader.adapters.binance.futures.schemas.market import BinanceFuturesSymbolInfo
from nautilus_trader.adapters.binance.http.client import BinanceHttpClient
from nautilus_trader.adapters.binance.spot.providers import BinanceSpotInstrumentProvider
from nautilus_trader.adapters.binance.spot.schemas.market import BinanceSpotSymbolInfo
from nautilus_trader.common.component import LiveClock
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_scalp.data.instruments import DEFAULT_INSTRUMENTS
from nautilus_scalp.data.instruments import InstrumentSpec
from nautilus_scalp.data.instruments import find_spec
from nautilus_scalp.data.instruments import load_specs
from nautilus_scalp.data.instruments import nautilus_instrument
from nautilus_scalp.errors import UsageError


SPECS = load_specs()


def _live_instrument(spec: InstrumentSpec) -> Instrument:
    """Return what the adapter makes of the exchange's answer with the same strings."""
    clock = LiveClock()
    client = BinanceHttpClient(clock=clock, api_key=None, api_secret=None, base_url="http://none")
    filters = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": spec.tick_size,
            "maxPrice": "100000",
            "tickSize": spec.tick_size,
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": spec.min_qty,
            "maxQty": spec.max_qty,
            "stepSize": spec.step_size,
        },
    ]
    if spec.kind == "perpetual":
        provider = BinanceFuturesInstrumentProvider(
            client=client, clock=clock, account_type=BinanceAccountType.USDT_FUTURES
        )
        filters.append({"filterType": "MIN_NOTIONAL", "notional": spec.min_notional})
        answer = _futures_answer(spec, filters)
        kind = BinanceFuturesSymbolInfo
    else:
        provider = BinanceSpotInstrumentProvider(client=client, clock=clock)
        filters.append(
            {"filterType": "NOTIONAL", "minNotional": spec.min_notional, "maxNotional": "9000000"}
        )
        answer = _spot_answer(spec, filters)
        kind = BinanceSpotSymbolInfo
    info = msgspec.convert(answer, kind)
    if spec.kind == "perpetual":
        provider._parse_instrument(symbol_info=info, ts_event=0)  # noqa: SLF001 - the derivation
    else:
        provider._parse_instrument(symbol_info=info, fee=None, ts_event=0)  # noqa: SLF001
    return provider.find(InstrumentId.from_str(spec.instrument_id))


def _futures_answer(spec: InstrumentSpec, filters: list[dict[str, str]]) -> dict[str, object]:
    return {
        "symbol": spec.symbol,
        "pair": spec.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": spec.base,
        "quoteAsset": spec.quote,
        "marginAsset": spec.quote,
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.010000",
        "marketTakeBound": "0.05",
        "filters": filters,
        "orderTypes": ["LIMIT"],
        "timeInForce": ["GTC"],
    }


def _spot_answer(spec: InstrumentSpec, filters: list[dict[str, str]]) -> dict[str, object]:
    return {
        "symbol": spec.symbol,
        "status": "TRADING",
        "baseAsset": spec.base,
        "baseAssetPrecision": 8,
        "quoteAsset": spec.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": True,
        "filters": filters,
        "permissions": ["SPOT"],
    }


@pytest.mark.parametrize("name", SPECS)
def test_same_precision_and_increments_as_the_live_client(name: str) -> None:
    spec = SPECS[name]
    ours, live = nautilus_instrument(spec), _live_instrument(spec)
    assert type(ours) is type(live)
    assert str(ours.id) == str(live.id)
    assert ours.raw_symbol.value == live.raw_symbol.value
    for field in ("price_precision", "size_precision"):
        assert getattr(ours, field) == getattr(live, field)
    for field in (
        "price_increment",
        "size_increment",
        "min_quantity",
        "max_quantity",
        "min_notional",
    ):
        assert str(getattr(ours, field)) == str(getattr(live, field))
    assert ours.base_currency.code == live.base_currency.code


def test_trailing_zeros_of_a_tick_count_as_decimals() -> None:
    assert SPECS["BTCUSDT-PERP.BINANCE"].price_precision == 2
    assert SPECS["NEXOUSDT.BINANCE"].price_precision == 8


def test_unknown_instrument_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"BTCUSD-PERP.BINANCE is unknown") as caught:
        find_spec(SPECS, "BTCUSD-PERP.BINANCE")
    assert "BTCUSDT-PERP.BINANCE" in caught.value.remedy


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('tick_size = "0.10"', 'tick_sise = "0.10"', "tick_sise"),
        ('base = "ETH"', 'base = "ETX"', "describes ETXUSDT-PERP.BINANCE"),
        ("tie_rank = 1\n", "tie_rank = 0\n", "tie_rank 0"),
        ("tie_rank = 1\n", "tie_rank = 1000\n", "1000|<= 999"),
    ],
)
def test_wrong_facts_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "facts.toml"
    text = DEFAULT_INSTRUMENTS.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UsageError, match=message):
        load_specs(path)
