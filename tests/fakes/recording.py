"""Recordings as the exchange and the usual recorder make them, of a few lines."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Self


START = 1_721_347_200_000  # milliseconds
LAG = 1_500  # the recorder's clock runs that many milliseconds behind


type Level = tuple[str, str]


class Recorder:
    """Writes a recording the way the exchange and the usual recorder do."""

    def __init__(self, symbol: str = "btcusdt", *, futures: bool = True) -> None:
        self.symbol = symbol
        self.futures = futures
        self.lines = []
        self.u = self.last_depth = 100
        self.t = 10

    def _add(self, ms: int, stream: str, data: dict[str, object]) -> Self:
        local = (START + ms - LAG) * 1000
        name = f"{self.symbol}@{stream}"
        self.lines.append(f"{local} " + json.dumps({"stream": name, "data": data}))
        return self

    def raw(self, text: str) -> Self:
        """Record a line as it is."""
        self.lines.append(text)
        return self

    def quote(
        self,
        ms: int,
        bid: str = "100.00",
        ask: str = "100.10",
        *,
        u: int | None = None,
        size: str = "1.000",
    ) -> Self:
        """Record a top of the book."""
        self.u = self.u + 1 if u is None else u
        data = {"u": self.u, "s": self.symbol.upper(), "b": bid, "B": size, "a": ask, "A": "2.000"}
        if self.futures:
            data |= {"e": "bookTicker", "T": START + ms, "E": START + ms}
        return self._add(ms, "bookTicker", data)

    def trade(
        self,
        ms: int,
        price: str = "100.00",
        *,
        t: int | None = None,
        execution: str = "MARKET",
        maker: bool = True,
    ) -> Self:
        """Record a trade."""
        self.t = self.t + 1 if t is None else t
        data = {"e": "trade", "E": START + ms, "T": START + ms, "t": self.t, "p": price}
        data |= {"q": "0.500", "m": maker}
        data |= {"X": execution} if self.futures else {"M": True}
        return self._add(ms, "trade", data)

    def depth(
        self, ms: int, bids: Iterable[Level] = (), asks: Iterable[Level] = (), *, lose: int = 0
    ) -> Self:
        """Record a diff, or lose some before it."""
        first = self.last_depth + 1 + lose
        self.u = max(self.u, first) + 1
        data = {"e": "depthUpdate", "E": START + ms, "U": first, "u": self.u}
        data |= {"b": [list(level) for level in bids], "a": [list(level) for level in asks]}
        if self.futures:
            data |= {"T": START + ms, "pu": self.last_depth + lose}
        self.last_depth = self.u
        return self._add(ms, "depth@0ms" if self.futures else "depth@100ms", data)

    def snapshot(self, ms: int) -> Self:
        """Record a REST snapshot of 12 levels."""
        bids = [[f"{100 - k}.00", "5.000"] for k in range(12)]
        asks = [[f"{101 + k}.00", "7.000"] for k in range(12)]
        self.last_depth = self.u
        message = {"lastUpdateId": self.u, "bids": bids, "asks": asks}
        if self.futures:
            message |= {"E": START + ms, "T": START + ms}
        return self.raw(f"{(START + ms - LAG) * 1000} " + json.dumps(message))

    def write(self, path: Path) -> Path:
        """Write what was recorded as gzip."""
        path.write_bytes(
            gzip.compress("".join(f"{line}\n" for line in self.lines).encode(), mtime=0)
        )
        return path


def small(tmp_path: Path, name: str = "btc.gz", *, shift: int = 0) -> Path:
    """Write a clean recording of a second."""
    rec = Recorder()
    rec.u, rec.t = rec.u + shift, rec.t + shift
    rec.snapshot(shift)
    for ms in range(10, 1000, 10):
        rec.depth(shift + ms, bids=[("99.00", f"{ms}.000")])
        rec.quote(shift + ms, size=f"{ms}.000")
        rec.trade(shift + ms, maker=ms % 20 == 0)
    return rec.write(tmp_path / name)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
