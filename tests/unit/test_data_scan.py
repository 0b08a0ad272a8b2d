"""The compiled scanners, line by line against hand-computed rows."""

import numpy as np
import numpy.typing as npt
import pytest

from nautilus_scalp.data.rows import BAR_DTYPE
from nautilus_scalp.data.rows import DEPTH_DTYPE
from nautilus_scalp.data.rows import LEVEL_DTYPE
from nautilus_scalp.data.rows import MARK_DTYPE
from nautilus_scalp.data.rows import QUOTE_DTYPE
from nautilus_scalp.data.rows import REASONS
from nautilus_scalp.data.rows import REJECT_DTYPE
from nautilus_scalp.data.rows import TRADE_DTYPE
from nautilus_scalp.data.rows import Rows
from nautilus_scalp.data.scan_csv import AGG_TRADES
from nautilus_scalp.data.scan_csv import BARS
from nautilus_scalp.data.scan_csv import QUOTES
from nautilus_scalp.data.scan_csv import TRADES
from nautilus_scalp.data.scan_csv import scan_csv
from nautilus_scalp.data.scan_log import scan_log


type Bytes = npt.NDArray[np.uint8]
type Ints = npt.NDArray[np.int64]


def _text(lines: tuple[str, ...]) -> tuple[Bytes, Ints, Ints]:
    raw = "\n".join(lines).encode() + b"\n"
    text = np.frombuffer(raw, np.uint8)
    stops = np.flatnonzero(text == ord("\n"))
    return text, np.concatenate([[0], stops[:-1] + 1]), stops


def scan(
    *lines: str,
    symbol: str = "btcusdt",
    futures: bool = True,
    precisions: tuple[int, int] = (2, 3),
) -> list[Rows]:
    """Return quotes, trades, depths, levels, marks and rejects of a log's lines."""
    dtypes = (QUOTE_DTYPE, TRADE_DTYPE, DEPTH_DTYPE, LEVEL_DTYPE, MARK_DTYPE, REJECT_DTYPE)
    out = tuple(np.zeros(100, dtype) for dtype in dtypes)
    want = (np.frombuffer(symbol.encode(), np.uint8), futures, precisions)
    filled = scan_log(_text(lines), 1, want, out)
    return [rows[:n] for rows, n in zip(out, filled, strict=True)]


def csv(kind: int, *lines: str, precisions: tuple[int, int] = (2, 3)) -> tuple[Rows, list[str]]:
    """Return the rows and the reasons of an archive's lines."""
    out = tuple(np.zeros(100, d) for d in (QUOTE_DTYPE, TRADE_DTYPE, BAR_DTYPE, REJECT_DTYPE))
    n, n_bad = scan_csv(_text(lines), 1, kind, precisions, out)
    rows = out[{QUOTES: 0, TRADES: 1, AGG_TRADES: 1, BARS: 2}[kind]]
    return rows[:n], [REASONS[code] for code in out[3]["reason"][:n_bad]]


QUOTE_LINE = (
    '1680652700423575 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":27,'
    '"s":"BTCUSDT","b":"28145.10","B":"3.868","a":"28145.20","A":"6.887",'
    '"T":1680652700430,"E":1680652700435}}'
)


def test_quote_has_exact_integers_and_nanoseconds() -> None:
    quotes = scan(QUOTE_LINE)[0]
    row = quotes[0]
    assert row["line"] == 1
    assert row["recv_ns"] == 1680652700423575000
    assert row["t_ns"] == 1680652700430000000
    assert row["sent_ns"] == 1680652700435000000
    assert row["u"] == 27
    assert (row["bid"], row["ask"]) == (2814510, 2814520)
    assert (row["bid_size"], row["ask_size"]) == (3868, 6887)


def test_trade_side_is_the_aggressors_and_non_market_is_marked() -> None:
    head = '1721347021434994132 {"stream":"btcusdt@trade","data":{"e":"trade","E":20,"T":19,"t":'
    trades = scan(
        head + '7,"p":"63943.90","q":"0.003","X":"MARKET","m":true}}',
        head + '8,"p":"63943.90","q":"0.003","X":"MARKET","m":false}}',
        head + '9,"p":"63943.90","q":"0.003","X":"INSURANCE_FUND","m":false}}',
    )[1]
    assert trades["u"].tolist() == [7, 8, 9]
    assert trades["side"].tolist() == [2, 1, 1]
    assert trades["market"].tolist() == [True, True, False]
    assert trades["recv_ns"][0] == 1721347021434994132


def test_aggregate_trade_has_its_own_id() -> None:
    line = (
        '1721347021434994132 {"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":20,"T":19,'
        '"a":55,"p":"1.00","q":"2.000","f":1,"l":2,"m":true,"nq":"2.000"}}'
    )
    assert scan(line)[1]["u"].tolist() == [55]


def test_depth_levels_and_continuity() -> None:
    line = (
        '1 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":20,"T":19,"U":5,"u":9,'
        '"pu":3,"b":[["10.00","1.500"],["9.00","0.000"]],"a":[]}}'
    )
    _, _, depths, levels, _, bad = scan(line)
    assert len(bad) == 0
    assert (depths["u"][0], depths["prev_u"][0]) == (9, 3)
    assert (depths["start"][0], depths["stop"][0]) == (0, 2)
    assert levels.tolist() == [(1, 1000, 1500), (1, 900, 0)]


def test_spot_depth_is_continued_by_the_id_before_its_first() -> None:
    line = (
        '1721749183854663 {"stream":"nexousdt@depth@100ms","data":{"e":"depthUpdate","E":20,'
        '"s":"NEXOUSDT","U":134180600,"u":134180601,"b":[],"a":[["1.253","17.74"]]}}'
    )
    depths = scan(line, symbol="nexousdt", futures=False, precisions=(8, 8))[2]
    assert depths["prev_u"].tolist() == [134180599]
    assert depths["t_ns"].tolist() == [20_000_000]


def test_snapshot_with_blanks_between_tokens() -> None:
    line = '1 {"lastUpdateId": 77, "bids": [["1.00", "2.000"]], "asks": [["1.01", "3.000"]]}'
    _, _, depths, levels, _, _ = scan(line, futures=False)
    assert depths["snapshot"].tolist() == [True]
    assert depths["u"].tolist() == [77]
    assert levels.tolist() == [(1, 100, 2000), (2, 101, 3000)]


def test_mark_price_keeps_eight_decimals() -> None:
    line = (
        '1 {"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1000,'
        '"p":"28147.27373413","P":"1","i":"1","r":"-0.00002754","T":2000}}'
    )
    marks = scan(line)[4]
    assert marks["mark"].tolist() == [2814727373413]
    assert marks["rate"].tolist() == [-2754]
    assert marks["next_funding_ns"].tolist() == [2_000_000_000]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "malformed"),
        ("hello", "malformed"),
        ("1 ", "malformed"),
        ("1 {", "malformed"),
        (QUOTE_LINE[:-1], "malformed"),
        (QUOTE_LINE + "}", "malformed"),
        (QUOTE_LINE.replace('"28145.10"', '"28145.1x"'), "malformed"),
        (QUOTE_LINE.replace('"28145.10"', '""'), "malformed"),
        (QUOTE_LINE.replace('"28145.10"', '"281451000000000000000.10"'), "malformed"),
        (QUOTE_LINE.replace('"28145.10"', '"28145.101"'), "too_many_decimals"),
        (QUOTE_LINE.replace('"B":"3.868",', ""), "missing_field"),
        (QUOTE_LINE.replace("btcusdt", "ethusdt"), "other_symbol"),
        (QUOTE_LINE.replace('"T":1680652700430,', ""), "other_market"),
        ('1 {"lastUpdateId":77,"bids":[],"asks":[]}', "other_market"),
        (QUOTE_LINE.replace("bookTicker", "forceOrder"), "unused_stream"),
        ('1 {"result":null,"id":1}', "unused_stream"),
        ('1 {"stream":"btcusdt@depth20@100ms","data":{"bids":[]}}', "unused_stream"),
    ],
)
def test_lines_that_cannot_be_read_have_a_reason(line: str, reason: str) -> None:
    *rows, bad = scan(line)
    assert [REASONS[code] for code in bad["reason"]] == [reason]
    assert bad["line"].tolist() == [1]
    assert [len(part) for part in rows if part.dtype != LEVEL_DTYPE] == [0, 0, 0, 0]


def test_levels_of_a_rejected_message_are_forgotten() -> None:
    good = (
        '1 {"stream":"btcusdt@depth@0ms","data":{"E":20,"T":19,"U":5,"u":9,"pu":3,'
        '"b":[["10.00","1.500"]],"a":[["11.00","2.000"]]}}'
    )
    broken = good.replace('"2.000"', '"2.0001"')
    _, _, depths, levels, _, bad = scan(broken, good)
    assert len(bad) == 1
    assert (depths["start"][0], depths["stop"][0]) == (0, 2)
    assert len(levels) == 2


def test_trailing_zeros_beyond_the_precision_are_exact() -> None:
    quotes = scan(QUOTE_LINE.replace('"28145.10"', '"28145.10000000"'))[0]
    assert quotes["bid"].tolist() == [2814510]


def test_archive_lines() -> None:
    quotes, bad = csv(QUOTES, "9,28145.10,3.868,28145.20,6.887,1680652700430,1680652700435")
    assert bad == []
    assert (quotes["bid"][0], quotes["ask_size"][0]) == (2814510, 6887)
    assert quotes["t_ns"][0] == 1680652700430000000
    trades, _ = csv(TRADES, "7,10.5,2,21,1680652700430,true", "8,10.5,2,21,1680652700431,False")
    assert trades["side"].tolist() == [2, 1]
    assert trades["price"].tolist() == [1050, 1050]
    aggregates, _ = csv(AGG_TRADES, "7,10.5,2,100,102,1735689600000123,True,True")
    assert aggregates["t_ns"].tolist() == [1735689600000123000]  # spot has microseconds
    bars, _ = csv(BARS, "1722470400000,1.00,3.00,0.50,2.00,7.5,1722470459999,15,3,1,2,0")
    assert bars["volume"].tolist() == [7500]
    assert bars["t_ns"].tolist() == [1722470459999000000]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("7,10.5,2,21,1680652700430", "malformed"),
        ("7,10.5,2,21,1680652700430,maybe", "malformed"),
        ("7,10.5,2,21,,true", "malformed"),
        ("7,10.555,2,21,1680652700430,true", "too_many_decimals"),
        ("", "malformed"),
    ],
)
def test_archive_lines_that_cannot_be_read_have_a_reason(line: str, reason: str) -> None:
    assert csv(TRADES, line)[1] == [reason]
