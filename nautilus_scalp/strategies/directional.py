"""What the directional strategies share: one position at a time, from its entry to its exit."""

import math
from collections import Counter
from typing import Literal

from msgspec import Struct

from nautilus_scalp.exits.plan import ExitParams
from nautilus_scalp.exits.plan import ExitPlan
from nautilus_scalp.exits.rules import OpenPosition
from nautilus_scalp.intents import BUY
from nautilus_scalp.intents import OrderIntent
from nautilus_scalp.signals.units import NotNegative
from nautilus_scalp.signals.units import Positive
from nautilus_scalp.strategies.execution import Execution


_NS_PER_MS = 1_000_000


class EntryParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How a position is opened.

    Parameters
    ----------
    order_notional : float
        Value of an entry of normal size, in quote currency.
    max_size_multiple : float
        A strong case enlarges the entry up to this many times.
    style : {"aggressive", "passive"}
        Take the best price of the other side and cancel what is left at once, or join the best
        price of one's own side and wait.
    entry_timeout_ms : float
        A waiting entry is cancelled after this.
    cooldown_ms : float
        Pause between leaving a position and the next entry.

    """

    order_notional: Positive = 1_000.0
    max_size_multiple: Positive = 2.0
    style: Literal["aggressive", "passive"] = "aggressive"
    entry_timeout_ms: Positive = 5_000.0
    cooldown_ms: NotNegative = 1_000.0


class DirectionalDesk:
    """
    Opens a position, watches it and closes it.

    Parameters
    ----------
    execution : Execution
        Orders and position.
    entry : EntryParams
        How a position is opened.
    exits : ExitParams
        When it is closed.
    refusals : Counter[str]
        Where refusals are counted.

    Attributes
    ----------
    exit_reasons : Counter[str]
        Why positions were left.

    """

    _watched: OpenPosition | None

    def __init__(
        self, execution: Execution, entry: EntryParams, exits: ExitParams, refusals: Counter[str]
    ) -> None:
        self._execution = execution
        self._entry = entry
        self._needs_volatility = exits.needs_volatility
        self._plan = ExitPlan(exits)
        self._refusals = refusals
        self._watched = None
        self._volatility = math.nan
        self._entered_ns = 0
        self._next_entry_ns = 0
        self.exit_reasons: Counter[str] = Counter()

    @property
    def free(self) -> bool:
        """Whether a position may be opened now."""
        execution = self._execution
        idle = execution.idle and not execution.leaving
        return idle and execution.state.now_ns >= self._next_entry_ns

    def reset(self) -> None:
        """Forget everything."""
        self._plan.drop()
        self._watched = None
        self._volatility = math.nan
        self._entered_ns = 0
        self._next_entry_ns = 0
        self.exit_reasons.clear()

    def enter(self, side: int, multiple: float, volatility: float) -> None:
        """
        Open a position.

        Parameters
        ----------
        side : int
            +1 long, -1 short.
        multiple : float
            Of the normal size.
        volatility : float
            At this moment; the distances of the exits are fixed by it.

        """
        if self._needs_volatility and not math.isfinite(volatility):
            self._refusals["volatility_unknown"] += 1
            return
        execution, params = self._execution, self._entry
        state = execution.state
        notional = params.order_notional * min(multiple, params.max_size_multiple)
        qty = execution.rules.floor_qty(notional / state.mid)
        passive = params.style == "passive"
        own, other = (state.bid, state.ask) if side == BUY else (state.ask, state.bid)
        intent = OrderIntent(
            side, qty, own if passive else other, post_only=passive, immediate=not passive
        )
        if execution.submit(intent):
            self._volatility = volatility
            self._entered_ns = state.now_ns

    def manage(self, volatility: float, fair_value: float = math.nan) -> None:
        """
        Watch the position, or the entry that waits, at the prices of the execution's state.

        Parameters
        ----------
        volatility : float
            At this moment; for a position that was taken over from an earlier session.
        fair_value : float
            Where a reverting price has done its work; NaN for none.

        """
        execution = self._execution
        position = execution.position
        if position is not self._watched:
            self._watch(volatility)
        if execution.leaving:
            return
        state = execution.state
        if state.now_ns - self._entered_ns >= self._entry.entry_timeout_ms * _NS_PER_MS:
            execution.cancel_all()
        if position is None:
            return
        price = state.bid if position.side == BUY else state.ask
        reason = self._plan.on_price(price, state.now_ns)
        if reason is None and position.side * (price - fair_value) >= 0.0:
            reason = "fair_value"
        if reason is not None:
            self.exit_reasons[reason] += 1
            execution.leave()

    def _watch(self, volatility: float) -> None:
        """Follow a position that opened, grew or closed."""
        position = self._execution.position
        if position is None:
            self._plan.drop()
            self._volatility = math.nan
            pause_ns = round(self._entry.cooldown_ms * _NS_PER_MS)
            self._next_entry_ns = self._execution.state.now_ns + pause_ns
        else:
            if not math.isfinite(self._volatility):
                self._volatility = volatility
            if self._needs_volatility and not math.isfinite(self._volatility):
                self._refusals["volatility_unknown"] += 1
                return
            self._plan.watch(position, self._volatility)
        self._watched = position
