"""The lines of every table of a report: what they are called, where they are, how they read."""

import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from nautilus_scalp.runtime.report.notes import Row


NOTHING = "-"

type Format = Callable[[Any], str]


def amount(value: float | None) -> str:
    """Return a number with thousands and two decimals.

    Examples
    --------
    >>> amount(-1234.5), amount(None)
    ('-1,234.50', '-')

    """
    return NOTHING if value is None else f"{value:z,.2f}"


def decimals(value: float | None) -> str:
    """Return a score with three decimals."""
    return NOTHING if value is None else f"{value:z.3f}"


def count(value: float | None) -> str:
    """Return a whole number with thousands."""
    return NOTHING if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """Return a share of one as a percentage.

    Examples
    --------
    >>> share(0.1234)
    '12.3 %'

    """
    return NOTHING if value is None else f"{100.0 * value:z.1f} %"


def small_share(value: float | None) -> str:
    """Return a small share of one as a percentage."""
    return NOTHING if value is None else f"{100.0 * value:z.3f} %"


def interval(value: Sequence[float] | None) -> str:
    """Return both ends of an interval."""
    return NOTHING if value is None else f"{value[0]:z.1f} to {value[1]:z.1f}"


def share_band(value: Sequence[float] | None) -> str:
    """Return both ends of a band of shares as percentages.

    Examples
    --------
    >>> share_band([0.9, 1.25])
    '90 to 125 %'

    """
    return NOTHING if value is None else f"{100.0 * value[0]:.0f} to {100.0 * value[1]:.0f} %"


def total_of(value: Mapping[str, int]) -> str:
    """Return the sum of counts by reason."""
    return count(sum(value.values()))


def times(reason: str, counts: Mapping[str, int]) -> str:
    """Return how often something happened for a reason.

    Examples
    --------
    >>> times("time_out", {"time_out": 3}), times("stop_loss", {})
    ('3', '-')

    """
    return count(counts.get(reason))


def short_name(name: str) -> str:
    """Return a class name as words, so that it wraps between them.

    Examples
    --------
    >>> short_name("MomentumBreakout")
    'Momentum Breakout'

    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def short_instrument(instrument_id: str) -> str:
    """Return an instrument id without its venue.

    Examples
    --------
    >>> short_instrument("BTCUSDT-PERP.BINANCE")
    'BTCUSDT-PERP'

    """
    return instrument_id.rpartition(".")[0] or instrument_id


def heading(row: Row, *, several: bool) -> str:
    """Return the head of a strategy's column, on two lines or with its configuration on three."""
    name = f"{short_name(row['name'])}\n{short_instrument(row['instrument_id'])}"
    return f"{name}\n{row['config']}" if several else name


class Line(msgspec.Struct, frozen=True):
    """One line of the table: what it is called, where its value is, and how it reads."""

    name: str
    path: tuple[str, ...]
    text: Format = amount
    signed: bool = False
    closes_section: bool = False

    def value(self, row: Row) -> Any:  # noqa: ANN401 (what the report holds there)
        """Return the value of a row that this line shows."""
        found: Any = row
        for key in self.path:
            found = found[key]
        return found

    def cell(self, row: Row) -> str:
        """Return the value as it is to be read."""
        return self.text(self.value(row))

    def sign(self, row: Row) -> int:
        """Return +1 for a gain and -1 for a loss, 0 where the line is neither."""
        value = self.value(row) if self.signed else None
        return 0 if not value else (1 if value > 0 else -1)


LINES = (
    Line("net", ("net",), signed=True),
    Line("net / capital", ("net_share",), small_share, signed=True),
    Line("gross, before fees", ("gross",), signed=True),
    Line("fees paid", ("fees",)),
    Line("funding received", ("funding",), closes_section=True),
    Line("spread captured", ("split", "spread"), signed=True),
    Line("adverse selection", ("split", "adverse_selection"), signed=True),
    Line("inventory", ("split", "inventory"), signed=True),
    Line("unexplained", ("unexplained",)),
    Line("paid beyond the best", ("size_impact",), closes_section=True),
    Line("break-even fee, bps", ("breakeven_fee_bps",), signed=True),
    Line("fee paid, bps", ("fee_bps",)),
    Line("markout after 1 s, bps", ("markout_bps", "1s"), signed=True),
    Line("markout after 10 s, bps", ("markout_bps", "10s"), signed=True),
    Line("markout after 60 s, bps", ("markout_bps", "60s"), signed=True, closes_section=True),
    Line("volume", ("volume",), count),
    Line("orders", ("orders",), count),
    Line("fills", ("fills",), count),
    Line("maker share of volume", ("maker_share",), share),
    Line("by other queue models", ("queue_band",), share_band),
    Line("refused or rejected", ("refusals",), total_of),
    Line("signals received", ("signals",), count, closes_section=True),
    Line("round trips", ("round_trips",), count),
    Line("won after fees", ("win_rate",), share),
    Line("profit factor", ("profit_factor",)),
    Line("median duration, s", ("trade_duration_s", "median")),
    Line("max drawdown", ("max_drawdown",)),
    Line("drawdown / capital", ("max_drawdown_share",), small_share),
    Line("capital", ("capital",), count, closes_section=True),
)
RATIO_LINES = (
    Line("Sharpe, a year", ("sharpe",), signed=True),
    Line("  interval", ("sharpe_interval",), interval),
    Line("Sortino, a year", ("sortino",), signed=True),
    Line("  interval", ("sortino_interval",), interval),
    Line("Calmar, a year", ("calmar",), signed=True),
    Line("  interval", ("calmar_interval",), interval),
)
SIGNAL_LINES = (
    Line("moves", ("moves",), count),
    Line("AUC", ("auc",), decimals),
    Line("AUC, imbalance alone", ("auc_imbalance",), decimals),
    Line("accuracy", ("accuracy",), share),
    Line("accuracy, top decile", ("accuracy_top_decile",), share),
    Line("MCC", ("mcc",), decimals),
    Line("Brier score", ("brier",), decimals),
    Line("calibration error", ("ece",), decimals),
    Line("information coeff.", ("ic",), decimals),
    Line("coverage", ("coverage",), share),
    Line("false positives", ("false_positive_rate",), share),
)


def lines_for(rows: Sequence[Row]) -> tuple[Line, ...]:
    """Return the lines to show: exits and annualised ratios only where there are any."""
    annualised = any(row["sharpe"] is not None for row in rows)
    return (*LINES, *_exit_lines(rows), *(RATIO_LINES if annualised else ()))


def _exit_lines(rows: Sequence[Row]) -> list[Line]:
    """Return a line for each reason to leave a position."""
    reasons = sorted({reason for row in rows for reason in row["exits"]})
    return [
        Line(
            f"left: {reason.replace('_', ' ')}",
            ("exits",),
            partial(times, reason),
            closes_section=reason == reasons[-1],
        )
        for reason in reasons
    ]
