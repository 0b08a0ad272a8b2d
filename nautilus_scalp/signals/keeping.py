"""Online statistics as bytes and back, so that a quick restart does not begin to learn anew."""

import warnings
from collections import deque
from collections.abc import Mapping
from typing import Any
from typing import Protocol

import msgspec
import numpy as np


MAX_AGE_NS = 60_000_000_000  # the silence after which features begin anew as well
_KEY = "statistics"


class Estimator(Protocol):
    """Something that learns from the market, and names the attributes in which it does."""

    @property
    def KEPT(self) -> tuple[str, ...]:  # noqa: N802 (a constant of the class)
        """Names of attributes: numbers, arrays, or parts that have a `KEPT` of their own."""

    @property
    def _params(self) -> msgspec.Struct:
        """What it was made with."""


class Clock(Protocol):
    """The part of Nautilus's clock that is needed here."""

    def timestamp_ns(self) -> int:
        """Return the time."""


class _Kept(msgspec.Struct, frozen=True):
    """
    What a component had learnt.

    Attributes
    ----------
    subject : str
        Of what.
    at_ns : int
        When.
    estimators : dict
        Parameters, as JSON, and attributes of each, by name.

    """

    subject: str
    at_ns: int
    estimators: dict[str, tuple[bytes, dict[str, Any]]]


class Statistics:
    """
    The online statistics of one component, kept together.

    What comes back must be young, of the same market and of the same parameters; else the
    estimators begin anew. Nothing else is read from the bytes than plain numbers.

    Parameters
    ----------
    subject : str
        The market, for example an instrument id.
    **estimators : Estimator or None
        By name; None are left out.

    """

    def __init__(self, subject: str, **estimators: Estimator | None) -> None:
        self._subject = subject
        self._estimators = {name: one for name, one in estimators.items() if one is not None}
        self._waiting: dict[str, tuple[bytes, dict[str, Any]]] = {}
        self._waiting_ns = 0
        self._blank = {name: _taken(one) for name, one in self._estimators.items()}

    def add(self, name: str, estimator: Estimator) -> None:
        """
        Keep one more, which takes up what came back for it before it was made.

        Parameters
        ----------
        name : str
            Its name.
        estimator : Estimator
            New.

        """
        self._estimators[name] = estimator
        self._blank[name] = _taken(estimator)
        waiting = self._waiting.pop(name, None)
        if waiting is not None:
            self._give(name, waiting)

    def save(self, clock: Clock) -> dict[str, bytes]:
        """
        Return what was learnt.

        Parameters
        ----------
        clock : Clock
            The component's own.

        Returns
        -------
        dict[str, bytes]
            One entry, for a component's saved state; none if nothing was learnt. What came back and
            waits for its estimator is in it.

        """
        learnt = {name: _taken(one) for name, one in self._estimators.items()}
        if self._waiting and clock.timestamp_ns() - self._waiting_ns > MAX_AGE_NS:
            self._waiting = {}
        if not self._waiting and _packed(learnt) == _packed(self._blank):
            return {}
        estimators = {
            name: (msgspec.json.encode(self._estimators[name]._params), values)  # noqa: SLF001 (the protocol's)
            for name, values in learnt.items()
        }
        kept = _Kept(self._subject, clock.timestamp_ns(), self._waiting | estimators)
        return {_KEY: _packed(kept)}

    def load(self, state: Mapping[str, bytes], clock: Clock) -> bool:
        """
        Take back what `save` returned.

        Parameters
        ----------
        state : Mapping[str, bytes]
            A component's saved state.
        clock : Clock
            The component's own.

        Returns
        -------
        bool
            Whether there was anything young enough.

        Warns
        -----
        UserWarning
            Of what another version of the program has saved: that begins anew.

        """
        if _KEY not in state:
            return False
        try:
            kept = msgspec.msgpack.decode(state[_KEY], type=_Kept)
        except msgspec.MsgspecError as error:
            self._warn("statistics", error)
            return False
        if kept.subject != self._subject or clock.timestamp_ns() - kept.at_ns > MAX_AGE_NS:
            return False
        self._waiting_ns = kept.at_ns
        for name, value in kept.estimators.items():
            if name in self._estimators:
                self._give(name, value)
            else:
                self._waiting[name] = value
        return True

    def _give(self, name: str, kept: tuple[bytes, dict[str, Any]]) -> None:
        params, values = kept
        estimator = self._estimators[name]
        if params != msgspec.json.encode(estimator._params):  # noqa: SLF001 (the protocol's)
            return
        try:
            _put(estimator, values)
        except (KeyError, TypeError, ValueError) as error:
            _put(estimator, self._blank[name])
            self._warn(name, error)

    def _warn(self, name: str, error: Exception) -> None:
        words = f"{name} of {self._subject} saved by another version ({error!r}), begun anew"
        warnings.warn(words, stacklevel=3)


def _packed(value: object) -> bytes:
    return msgspec.msgpack.encode(value)  # not JSON, which has no NaN


def _taken(estimator: Estimator) -> dict[str, Any]:
    return {name: _plain(getattr(estimator, name)) for name in estimator.KEPT}


def _plain(value: Any) -> Any:  # noqa: ANN401 (a number, an array or an estimator's part)
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, deque):
        return list(value)
    return _taken(value) if hasattr(value, "KEPT") else value


def _put(thing: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 (an estimator or its part)
    for name in thing.KEPT:
        old, new = getattr(thing, name), values[name]
        if isinstance(old, np.ndarray):
            if np.shape(new) != old.shape:
                message = f"{name} has the shape {np.shape(new)}"
                raise ValueError(message)
            old[:] = new
        elif isinstance(old, deque):
            old.clear()
            old.extend(new)
        elif hasattr(old, "KEPT"):
            _put(old, new)
        elif old is not None and _shape(new) is not _shape(old):
            message = f"{name} is {new!r:.40}"
            raise TypeError(message)
        else:
            setattr(thing, name, new)


def _shape(value: object) -> type:
    """Return what kind of thing a value is once it has been bytes, where tuples become lists."""
    shapes = (dict, list, tuple)
    found = next((shape for shape in shapes if isinstance(value, shape)), object)
    return list if found is tuple else found
