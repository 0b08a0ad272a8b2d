"""Archive files into a catalog: every kind, zipped or not, with and without a header line."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from nautilus_trader.model.data import Bar
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.importer import import_files
from nautilus_scalp.data.quality import check_catalog
from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE


BTC = "BTCUSDT-PERP.BINANCE"
START = 1_711_843_200_000
TRADES = "id,price,qty,quote_qty,time,is_buyer_maker\n"
QUOTES = (
    "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,"
    "transaction_time,event_time\n"
)
KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore\n"
)


def write(path: Path, text: str) -> Path:
    """Write a csv, or a zip of one if the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.with_suffix(".csv").name, text)
    else:
        path.write_text(text)
    return path


def trades(n: int = 5) -> str:
    """Return trades of one every second, sold and bought in turn."""
    return "".join(
        f"{k},100.{k},0.5,50,{START + 1000 * k},{'true' if k % 2 else 'false'}\n" for k in range(n)
    )


def quotes(n: int = 5) -> str:
    """Return quotes of one every second, in the trades' milliseconds."""
    return "".join(
        f"{k + 9},100.00,1.5,100.10,2.5,{START + 1000 * k},{START + 1000 * k + 3}\n"
        for k in range(n)
    )


@pytest.mark.parametrize("header", ["", TRADES])
@pytest.mark.parametrize("suffix", ["csv", "zip"])
def test_trades(tmp_path: Path, header: str, suffix: str) -> None:
    path = write(tmp_path / f"BTCUSDT-trades-2024-03-31.{suffix}", header + trades())
    report = import_files([path], tmp_path / "catalog")
    assert report.rows_out == {"trade_tick": 5}
    assert report.rejected == {}
    record = report.files[0]
    assert (record.lines, record.missing_trades) == (5 + bool(header), 0)
    with pytest.raises(UsageError, match="holds no quotes"):
        read_tape(tmp_path / "catalog", [BTC])
    assert check_catalog(tmp_path / "catalog").instruments[0].rows == {"trade_tick": 5}


def test_quotes_and_trades_of_one_window_become_one_tape(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "BTCUSDT-aggTrades-2024-03-31.csv", _aggregates()),
        write(tmp_path / "BTCUSDT-bookTicker-2024-03-31.zip", QUOTES + quotes()),
    ]
    import_files(files, tmp_path / "catalog")
    tape = read_tape(tmp_path / "catalog")
    assert tape.kind.tolist() == [QUOTE, TRADE] * 5
    assert tape.values[0].tolist() == [100.0, 100.1, 1.5, 2.5]
    assert tape.values[1].tolist() == [100.0, 0.5, 1.0, 0.0]
    assert tape.values[3].tolist() == [100.1, 0.5, -1.0, 0.0]


def _aggregates() -> str:
    return "".join(
        f"{k},100.{k},0.5,{k},{k},{START + 1000 * k},{'True' if k % 2 else 'False'}\n"
        for k in range(5)
    )


def test_order_does_not_depend_on_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [
        write(tmp_path / "BTCUSDT-trades-2024-03-31.csv", trades(500)),
        write(tmp_path / "BTCUSDT-bookTicker-2024-03-31.csv", quotes(400)),
    ]
    import_files(files, tmp_path / "one")
    monkeypatch.setattr("nautilus_scalp.data.raw_files._PIECE_BYTES", 700)
    monkeypatch.setattr("nautilus_scalp.data.raw_files.blocks.__defaults__", (1_000,))
    import_files(files, tmp_path / "two")
    one, two = read_tape(tmp_path / "one"), read_tape(tmp_path / "two")
    assert np.array_equal(one.ts_init_ns, two.ts_init_ns)
    assert np.array_equal(one.values, two.values)


def test_later_import_of_other_data_in_the_same_window_is_refused(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    import_files([write(tmp_path / "BTCUSDT-bookTicker-2024-03-31.csv", quotes())], catalog)
    path = write(tmp_path / "BTCUSDT-trades-2024-03-31.csv", trades())
    with pytest.raises(UsageError, match="cannot be put between it") as caught:
        import_files([path], catalog)
    assert "one command" in caught.value.remedy


def test_files_that_store_the_same_twice_are_refused(tmp_path: Path) -> None:
    pair = [
        write(tmp_path / "BTCUSDT-trades-2024-03-31.csv", trades()),
        write(tmp_path / "BTCUSDT-aggTrades-2024-03-31.csv", _aggregates()),
    ]
    with pytest.raises(UsageError, match="describe the same trades"):
        import_files(pair, tmp_path / "catalog")
    import_files(pair[:1], tmp_path / "catalog")
    next_day = _aggregates().replace(f"{START}"[:6], f"{START + 10**11}"[:6])
    later = write(tmp_path / "BTCUSDT-aggTrades-2024-04-01.csv", next_day)
    with pytest.raises(UsageError, match="holds aggTrade messages, the catalog has trade"):
        import_files([later], tmp_path / "catalog")


@pytest.mark.parametrize("header", ["", KLINES])
def test_bars_close_when_the_live_clients_do(tmp_path: Path, header: str) -> None:
    rows = "".join(
        f"{START + 60_000 * k},100.00,101.00,99.00,100.50,12.5,{START + 60_000 * k + 59_999},"
        "1256,7,6,603,0\n"
        for k in range(3)
    )
    bad = f"{START + 180_000},100.00,99.00,101.00,100.50,12.5,{START + 239_999},1256,7,6,603,0\n"
    path = write(tmp_path / "BTCUSDT-1m-2024-03.zip", header + rows + bad)
    report = import_files([path], tmp_path / "catalog")
    assert report.rows_out == {"bar": 3}
    assert report.rejected == {"invalid_bar": 1}
    bars = ParquetDataCatalog(str(tmp_path / "catalog")).query(Bar)
    assert str(bars[0].bar_type) == f"{BTC}-1-MINUTE-LAST-EXTERNAL"
    assert [str(getattr(bars[0], f)) for f in ("open", "high", "low", "close", "volume")] == [
        "100.00",
        "101.00",
        "99.00",
        "100.50",
        "12.500",
    ]
    assert bars[0].ts_event == (START + 59_999) * 1_000_000
    assert check_catalog(tmp_path / "catalog").ok


def test_spot_is_in_the_path_or_in_the_instrument(tmp_path: Path) -> None:
    text = "7,100.5,0.5,1,1,1735689600000123,True,True\n"
    spot = write(tmp_path / "spot" / "BTCUSDT-aggTrades-2025-01-01.csv", text)
    report = import_files([spot], tmp_path / "a")
    assert report.files[0].instrument_id == "BTCUSDT.BINANCE"
    assert report.files[0].start_ns == 1735689600000123000
    other = write(tmp_path / "BTCUSDT-aggTrades-2025-01-01.csv", text + text.replace("7", "8", 1))
    report = import_files([other], tmp_path / "b", "BTCUSDT.BINANCE")
    assert report.files[0].instrument_id == "BTCUSDT.BINANCE"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("BTCUSDT-trades-2024-03-31.csv", "a,b\n", "line 1: not a line of trades"),
        ("BTCUSDT-trades-2024-03-31.csv", TRADES + "x\n", "line 2: not a line of trades"),
        ("BTCUSDT-1w-2024-03.csv", "1,2\n", "bars of 1w are not supported"),
        ("notes.csv", trades(), "neither a websocket recording nor a Binance archive"),
    ],
)
def test_wrong_archive_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        import_files([write(tmp_path / name, text)], tmp_path / "catalog")


def test_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "BTCUSDT-trades-2024-03-31.zip", trades(2000))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="truncated or corrupt"):
        import_files([path], tmp_path / "catalog")
    two = tmp_path / "two.zip"
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.csv", "1\n")
        archive.writestr("b.csv", "2\n")
    with pytest.raises(InputError, match="holds 2 files"):
        import_files([two], tmp_path / "catalog")
