"""Errors that a user can act on: what is wrong, and what to do about it."""


class ScalpError(Exception):
    """Root of every error that the package raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong, naming the file, line or key.
    remedy : str
        What the user can do about it.

    """

    exit_code = 1

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(ScalpError):
    """A wrong command, a wrong configuration key or a missing precondition."""

    exit_code = 2


class InputError(ScalpError):
    """Data that cannot be used: truncated, unknown, inconsistent or tampered with."""

    exit_code = 3


class VerdictError(ScalpError):
    """A check ran to its end and its verdict is "no"."""

    exit_code = 4
