"""The quantities that every event is turned into before anything is averaged: one table."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.features import layout as at
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE


type Ints = npt.NDArray[np.int64]

LEVEL, STATE, FLOW = "level", "state", "flow"  # a price; a stationary quantity; an amount an event


class Source(msgspec.Struct, frozen=True):
    """
    One quantity.

    Attributes
    ----------
    name : str
        Its name in the grammar.
    event : int
        The kind of event that changes it.
    role : str
        `LEVEL`, `STATE` or `FLOW`.
    group : str
        Group of the features made of it.
    unit : str
        Unit of its value; ``ticks`` are shown in units of volatility.
    reference : str
        Paper or formula.

    """

    name: str
    event: int
    role: str
    group: str
    unit: str
    reference: str


_CORE = (
    Source("mid", QUOTE, LEVEL, "price", "ticks", "(bid + ask) / 2"),
    Source("microprice", QUOTE, LEVEL, "book", "ticks", "size-weighted mid; Stoikov (2018)"),
    Source("imbalance", QUOTE, STATE, "book", "[-1, 1]", "queue imbalance; Gould, Bonart (2016)"),
    Source("spread", QUOTE, STATE, "book", "log ticks", "log((ask - bid) / tick)"),
    Source("depth", QUOTE, STATE, "book", "log ratio", "log((bid size + ask size) / mean)"),
    Source("thin_side", QUOTE, STATE, "book", "signed log ratio", "log(1 + mean / thinner queue)"),
    Source("order_flow", QUOTE, FLOW, "book", "mean queues", "Cont, Kukanov, Stoikov (2014) eq. 4"),
    Source("squared_move", QUOTE, FLOW, "price", "ticks^2", "realised variance; Andersen (1998)"),
    Source("move", QUOTE, FLOW, "price", "ticks", "change of the mid price"),
    Source(
        "last_move", QUOTE, STATE, "price", "[-1, 1]", "sign of the last move * exp(-age/250ms)"
    ),
    Source(
        "thin_eaten",
        QUOTE,
        STATE,
        "volume",
        "signed log ratio",
        "log(1 + volume traded into the thinner queue, half life 1 s, / the queue)",
    ),
)
_RICH = (
    Source("bid_depth", QUOTE, STATE, "book", "log ratio", "log(2 bid size / mean)"),
    Source("ask_depth", QUOTE, STATE, "book", "log ratio", "log(2 ask size / mean)"),
    Source("bid_flow", QUOTE, FLOW, "book", "mean queues", "bid part of the order flow imbalance"),
    Source("ask_flow", QUOTE, FLOW, "book", "mean queues", "ask part of the order flow imbalance"),
    Source("flow_size", QUOTE, FLOW, "book", "mean queues", "|order flow|"),
    Source("added", QUOTE, FLOW, "book", "mean queues", "size added at unchanged prices"),
    Source("removed", QUOTE, FLOW, "book", "mean queues", "size taken away at unchanged prices"),
    Source("micro_move", QUOTE, FLOW, "book", "ticks", "change of the microprice"),
    Source("micro_path", QUOTE, FLOW, "book", "ticks", "|change of the microprice|"),
    Source("squared_micro", QUOTE, FLOW, "volatility", "ticks^2", "microprice realised variance"),
    Source("path", QUOTE, FLOW, "price", "ticks", "|move|"),
    Source("moves", QUOTE, FLOW, "price", "count", "1 if the mid price moved"),
    Source("trend", QUOTE, FLOW, "price", "count", "sign of this move * sign of the one before"),
    Source("imbalance_change", QUOTE, FLOW, "book", "[-2, 2]", "change of the queue imbalance"),
    Source("imbalance_path", QUOTE, FLOW, "book", "[0, 2]", "|change of the queue imbalance|"),
    Source("quotes", QUOTE, FLOW, "statistics", "count", "1 a quote: tick rate"),
    Source("interval", QUOTE, STATE, "statistics", "log ms", "log(1 + ms since the last quote)"),
    Source("move_age", QUOTE, STATE, "price", "log ms", "log(1 + ms since the last move)"),
    Source("trade_age", QUOTE, STATE, "volume", "log ms", "log(1 + ms since the last trade)"),
    Source("trade_gap", QUOTE, STATE, "volume", "ticks", "last trade price - mid"),
    Source("move_run", QUOTE, STATE, "price", "count", "moves in one direction, signed"),
    Source("day_sine", QUOTE, STATE, "time", "[-1, 1]", "sin(2 pi time of day)"),
    Source("day_cosine", QUOTE, STATE, "time", "[-1, 1]", "cos(2 pi time of day)"),
    Source("week_sine", QUOTE, STATE, "time", "[-1, 1]", "sin(2 pi time of week)"),
    Source("week_cosine", QUOTE, STATE, "time", "[-1, 1]", "cos(2 pi time of week)"),
    Source("asia", QUOTE, STATE, "time", "0 or 1", "00:00-08:00 UTC"),
    Source("europe", QUOTE, STATE, "time", "0 or 1", "08:00-16:00 UTC"),
    Source("america", QUOTE, STATE, "time", "0 or 1", "16:00-24:00 UTC"),
    Source("weekend", QUOTE, STATE, "time", "0 or 1", "Saturday or Sunday UTC"),
    Source("funding_age", QUOTE, STATE, "time", "[0, 1)", "share of the 8 hours between fundings"),
    Source("second_sine", QUOTE, STATE, "time", "[-1, 1]", "sin(2 pi time of second)"),
    Source("second_cosine", QUOTE, STATE, "time", "[-1, 1]", "cos(2 pi time of second)"),
    Source("minute_sine", QUOTE, STATE, "time", "[-1, 1]", "sin(2 pi time of minute)"),
    Source("minute_cosine", QUOTE, STATE, "time", "[-1, 1]", "cos(2 pi time of minute)"),
    Source("peer_mid", QUOTE, LEVEL, "cross", "peer bps", "mean log mid of the other instruments"),
    Source("peer_gap", QUOTE, LEVEL, "cross", "own less peer units", "relative strength to peers"),
    Source("peer_imbalance", QUOTE, STATE, "cross", "[-1, 1]", "peers' mean queue imbalance"),
    Source("peer_flow", QUOTE, STATE, "cross", "mean queues", "peers' order flow, 500 ms"),
    Source("peer_volume", QUOTE, STATE, "cross", "mean trades", "peers' signed volume, 500 ms"),
    Source("peer_move", QUOTE, STATE, "cross", "[-1, 1]", "peers' mean fading last move"),
    Source("peer_age", QUOTE, STATE, "cross", "log ms", "log(1 + ms since the oldest peer quote)"),
    Source("mark_gap", QUOTE, STATE, "funding", "ticks", "mid - last mark price"),
    Source("basis", QUOTE, STATE, "cross", "bps", "log mid - log mid of the spot market"),
)
_TRADE = (
    Source("signed_volume", TRADE, FLOW, "volume", "mean trades", "aggressor side * size"),
    Source("volume", TRADE, FLOW, "volume", "mean trades", "size / running mean"),
    Source("value", TRADE, FLOW, "technical", "ticks", "size * price, for averages"),
    Source("trades", TRADE, FLOW, "volume", "count", "1 a trade"),
    Source("trade_sign", TRADE, FLOW, "volume", "count", "aggressor side; Lee, Ready (1991)"),
    Source("large_1k", TRADE, FLOW, "volume", "count", "side of trades of 1,000 to 10,000"),
    Source("large_10k", TRADE, FLOW, "volume", "count", "side of trades of 10,000 to 100,000"),
    Source("large_100k", TRADE, FLOW, "volume", "count", "side of trades above 100,000"),
    Source("buy_volume", TRADE, FLOW, "volume", "mean trades", "size of buyers' trades"),
    Source("sell_volume", TRADE, FLOW, "volume", "mean trades", "size of sellers' trades"),
    Source("trade_size", TRADE, STATE, "volume", "log ratio", "log(size / running mean)"),
    Source("trade_interval", TRADE, STATE, "volume", "log ms", "log(1 + ms since the last trade)"),
    Source("trade_move", TRADE, STATE, "volume", "ticks", "tick rule: change of the trade price"),
    Source("trade_edge", TRADE, STATE, "volume", "ticks", "side * (price - mid): effective spread"),
    Source("aggressor_run", TRADE, STATE, "volume", "count", "trades of one side in a row, signed"),
)
_PER_LEVEL = tuple(
    source
    for level in range(1, at.LEVELS + 1)
    for source in (
        Source(
            f"imbalance_{level}", DEPTH, STATE, "depth", "[-1, 1]", "imbalance to this level"
        ),
        Source(
            f"level_flow_{level}", DEPTH, FLOW, "depth", "mean levels",
            "multi-level order flow imbalance; Xu, Gould, Howison (2018)",
        ),
        Source(
            f"level_size_{level}", DEPTH, STATE, "depth", "log ratio",
            "log((bid + ask size of the level) / mean)",
        ),
    )
)  # fmt: skip
_DEPTH = (
    Source("bid_gap_2", DEPTH, STATE, "depth", "log ticks", "best bid - second bid"),
    Source("ask_gap_2", DEPTH, STATE, "depth", "log ticks", "second ask - best ask"),
    Source("bid_gap_5", DEPTH, STATE, "depth", "log ticks", "best bid - fifth bid"),
    Source("ask_gap_5", DEPTH, STATE, "depth", "log ticks", "fifth ask - best ask"),
    Source("bid_gap_10", DEPTH, STATE, "depth", "log ticks", "best bid - tenth bid"),
    Source("ask_gap_10", DEPTH, STATE, "depth", "log ticks", "tenth ask - best ask"),
    Source("bid_total", DEPTH, STATE, "depth", "log ratio", "log(bid size of 10 levels / mean)"),
    Source("ask_total", DEPTH, STATE, "depth", "log ratio", "log(ask size of 10 levels / mean)"),
    Source("pressure", DEPTH, STATE, "depth", "[-1, 1]", "imbalance weighted by 1 / distance"),
    Source("depth_gap", DEPTH, STATE, "depth", "ticks", "size-weighted price of 20 levels - mid"),
    Source("bid_share", DEPTH, STATE, "depth", "[0, 1]", "best bid's share of 10 levels"),
    Source("ask_share", DEPTH, STATE, "depth", "[0, 1]", "best ask's share of 10 levels"),
    Source("bid_entropy", DEPTH, STATE, "depth", "nats", "entropy of bid sizes over levels"),
    Source("ask_entropy", DEPTH, STATE, "depth", "nats", "entropy of ask sizes over levels"),
    Source("bid_wall", DEPTH, STATE, "depth", "log ticks", "distance of the largest bid"),
    Source("ask_wall", DEPTH, STATE, "depth", "log ticks", "distance of the largest ask"),
    Source(
        "bid_cost", DEPTH, STATE, "depth", "ticks", "mid - mean price of selling 5 levels' size"
    ),
    Source("ask_cost", DEPTH, STATE, "depth", "ticks", "mean price of buying 5 levels' size - mid"),
    Source("cost_skew", DEPTH, STATE, "depth", "log ratio", "log(ask cost / bid cost)"),
)
_FUNDING = (Source("funding_rate", FUNDING, STATE, "funding", "bps", "rate of the interval"),)
SOURCES = (*_CORE, *_RICH, *_TRADE, *_PER_LEVEL, *_DEPTH, *_FUNDING)
BY_NAME = {source.name: source for source in SOURCES}
POSITION = {source.name: at.SOURCES + i for i, source in enumerate(SOURCES)}
RICH_NAMES = frozenset(source.name for source in _RICH)

(
    MID,
    MICROPRICE,
    IMBALANCE,
    SPREAD,
    DEPTH_SIZE,
    THIN_SIDE,
    ORDER_FLOW,
    SQUARED_MOVE,
    MOVE,
    LAST_MOVE,
    THIN_EATEN,
) = range(at.SOURCES, at.SOURCES + len(_CORE))
RICH_FIRST = at.SOURCES + len(_CORE)
TIME_FIRST = POSITION["day_sine"]
PEER_FIRST = POSITION["peer_mid"]
MARK_GAP = POSITION["mark_gap"]
BASIS = POSITION["basis"]
TRADE_FIRST = POSITION["signed_volume"]
LEVEL_FIRST = POSITION["imbalance_1"]
DEPTH_FIRST = POSITION["bid_gap_2"]
FUNDING_RATE = POSITION["funding_rate"]
assert len(SOURCES) <= at.MAX_SOURCES  # noqa: S101  the layout has room for them
