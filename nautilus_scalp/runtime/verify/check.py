"""One check's answer, and the verdict over all of them."""

import msgspec


type Limit = float | tuple[float, float]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was measured, and what it may be.

    Attributes
    ----------
    name : str
        Which check.
    passed : bool, optional
        None if the check does not apply; `detail` then says why.
    value : float, optional
        The number that decides.
    limit : float or (float, float), optional
        The bound that it must keep, or the interval that it must lie in.
    detail : str
        What the number is, and the numbers behind it.

    """

    name: str
    passed: bool | None
    value: float | None = None
    limit: Limit | None = None
    detail: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """
    The answer of ``verify --json``.

    Attributes
    ----------
    checks : list[Check]
        In the order in which they ran.
    verdict : str
        ``yes`` if no check failed, else ``no``.
    target : str
        What was verified.
    model : str
        Id of the model, or why there is none.
    seed : int
        Seed of the synthetic markets.
    notes : list[str]
        What a reader must know beside the numbers.

    """

    checks: list[Check]
    verdict: str
    target: str
    model: str
    seed: int
    notes: list[str] = []

    @property
    def failed(self) -> list[str]:
        """Names of the checks that failed."""
        return [check.name for check in self.checks if check.passed is False]


def at_most(name: str, value: float, limit: float, detail: str) -> Check:
    """Return a check that passes up to a limit."""
    return Check(name=name, passed=value <= limit, value=value, limit=limit, detail=detail)


def at_least(name: str, value: float, limit: float, detail: str) -> Check:
    """Return a check that passes from a limit on."""
    return Check(name=name, passed=value >= limit, value=value, limit=limit, detail=detail)


def within(name: str, value: float, limit: tuple[float, float], detail: str) -> Check:
    """Return a check that passes inside an interval."""
    inside = limit[0] <= value <= limit[1]
    return Check(name=name, passed=inside, value=value, limit=limit, detail=detail)


def not_applicable(name: str, reason: str) -> Check:
    """Return a check that could not be made."""
    return Check(name=name, passed=None, detail=reason)
