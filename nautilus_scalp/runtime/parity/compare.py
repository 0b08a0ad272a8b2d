"""Answers of a replay against those on record, until the first difference."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.core.data import Data

from nautilus_scalp.features.kernels import Floats
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.runtime.parity.reader import SignalFields
from nautilus_scalp.runtime.parity.reader import comparable
from nautilus_scalp.runtime.parity.reader import read_signals
from nautilus_scalp.runtime.parity.reader import same
from nautilus_scalp.runtime.parity.replay import Replay
from nautilus_scalp.runtime.recording.intents import ORDER_ID
from nautilus_scalp.runtime.recording.journal import Entry
from nautilus_scalp.settings import to_iso


_ANSWERS = frozenset({"intent", "regime"})
_WORDS = {"intent": "order intent", "regime": "regime"}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that was not the same.

    Parameters
    ----------
    what : str
        "feature", "signal", "regime", "order intent", "timer" or "order event".
    time : str
        Of the market event or entry that it followed.
    recorded, replayed : object
        What it was live, and in the replay; None is nothing at all.
    where : str
        The field, column or number that differs.

    """

    what: str
    time: str
    recorded: Any
    replayed: Any
    where: str = ""


class Counts(msgspec.Struct):
    """How much was compared."""

    market_events: int = 0
    order_events: int = 0
    timers: int = 0
    signals: int = 0
    features: int = 0
    regimes: int = 0
    order_intents: int = 0


class Comparison:
    """Feeds a replay from a recording and stops at the first difference.

    Parameters
    ----------
    directory : Path
        The recording.
    replay : Replay
        Not started.

    Attributes
    ----------
    counts : Counts
        How much was compared so far.
    complete : bool
        Whether the recording came to its end in good order.

    """

    def __init__(self, directory: Path, replay: Replay) -> None:
        self.counts = Counts()
        self.complete = False
        self._directory = directory
        self._replay = replay
        self._expected: list[tuple[str, Any]] = []
        self._signals: dict[str, Iterator[tuple[SignalFields, Floats]]] = {}
        self._now_ns = 0

    def run(self, stream: Iterator[Data | Entry]) -> Difference | None:
        """Feed everything.

        Parameters
        ----------
        stream : Iterator[Data or Entry]
            The recording's.

        Returns
        -------
        Difference or None
            None if there is none.

        """
        for item in stream:
            if isinstance(item, Entry) and item.kind in _ANSWERS:
                if item.kind == "intent":
                    self._replay.know(item.body)
                self._expected.append((item.kind, item.body))
                continue
            found = self._compare() or self._feed(item)
            if found is not None:
                return found
        # What followed the last event of a recording that was cut short is not on record.
        return (self._compare() or self._left_over()) if self.complete else None

    def _feed(self, item: Data | Entry) -> Difference | None:
        self._expected.clear()
        self._replay.answers.clear()
        if not isinstance(item, Entry):
            self._now_ns = item.ts_init
            self.counts.market_events += 1
            self._replay.market(item)
            return None
        if item.kind == "end":
            self.complete = True
            return None
        self.counts.timers += item.kind == "timer"
        self.counts.order_events += item.kind == "event"
        wrong = self._replay.entry(item)
        if wrong is None:
            return None
        what = "timer" if item.kind == "timer" else "order event"
        return self._difference(what, item.body, None, wrong)

    def _compare(self) -> Difference | None:
        answers = self._replay.answers
        for signal, vector in answers.signals:
            found = self._compare_signal(signal, vector)
            if found is not None:
                return found
        for index in range(max(len(self._expected), len(answers.outputs))):
            recorded = self._expected[index] if index < len(self._expected) else None
            replayed = answers.outputs[index] if index < len(answers.outputs) else None
            found = self._compare_output(recorded, replayed)
            if found is not None:
                return found
        return None

    def _compare_output(
        self, recorded: tuple[str, Any] | None, replayed: tuple[str, Any] | None
    ) -> Difference | None:
        kind = (recorded or replayed or ("intent", None))[0]
        was = None if recorded is None else _without_id(recorded[1])
        now = None if replayed is None else _without_id(replayed[1])
        if recorded is None or replayed is None or recorded[0] != replayed[0] or was != now:
            keys = [] if was is None or now is None else [k for k in was if was[k] != now.get(k)]
            return self._difference(_WORDS[kind], was, now, ", ".join(keys))
        if kind == "intent":
            self.counts.order_intents += 1
        else:
            self.counts.regimes += 1
        return None

    def _compare_signal(self, signal: AlphaSignal, vector: Floats | None) -> Difference | None:
        name = str(signal.instrument_id)
        if name not in self._signals:
            self._signals[name] = read_signals(self._directory, name)
        now = comparable({**AlphaSignal.to_dict(signal), "instrument_id": name})
        recorded = next(self._signals[name], None)
        if recorded is None:
            return self._difference("signal", None, now)
        was, features = recorded
        if vector is not None and len(features):
            for column, (old, new) in enumerate(zip(features, vector, strict=True)):
                if not same(float(old), float(new)):
                    where = f"{name} feature {column}"
                    return self._difference("feature", float(old), float(new), where)
            self.counts.features += len(features)
        for key, value in was.items():
            if not same(value, now[key]):
                return self._difference("signal", value, now[key], f"{name} {key}")
        self.counts.signals += 1
        return None

    def _left_over(self) -> Difference | None:
        for signals in self._signals.values():
            recorded = next(signals, None)
            if recorded is not None:
                return self._difference("signal", recorded[0], None)
        return None

    def _difference(
        self,
        what: str,
        recorded: Any,  # noqa: ANN401 (whatever was not the same)
        replayed: Any,  # noqa: ANN401
        where: str = "",
    ) -> Difference:
        return Difference(
            what=what,
            time=to_iso(self._now_ns),
            recorded=recorded,
            replayed=replayed,
            where=where,
        )


def _without_id(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != ORDER_ID}
