"""Define the errors of rnas: each is shown to the user as one line, or becomes the status of an evaluation."""

_LONGEST = 2_000


class RnasError(Exception):
    """Say what went wrong. Every error that rnas raises on purpose is one of this class.

    A long message is cut in its middle, since it may repeat what a file holds.
    """

    def __init__(self, message: object = "") -> None:
        text = str(message)
        half = _LONGEST // 2 - 5
        super().__init__(text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}")


class InputError(RnasError, ValueError):
    """Report a wrong input of the user; the message says what, where and the fix (exit code 2)."""


class MisfitError(InputError):
    """Report a file whose tensors do not fit the network."""


class WeightsWarning(UserWarning):
    """Report what a file of weights does not say, and what is assumed."""


class ChangedInputError(InputError):
    """Report that images or a file that an experiment reads are no longer those that it began with."""


class LedgerError(RnasError, RuntimeError):
    """Report a ledger that is damaged or does not match its experiment (exit code 1)."""


class DivergedError(RnasError, ArithmeticError):
    """Report that the loss of a training is no longer a finite number: status diverged."""


class DeadlineExceededError(RnasError, TimeoutError):
    """Report that an evaluation ran past its deadline: status timeout."""


class BatchTooLargeError(RnasError, MemoryError):
    """Report that memory ran out; the message says which batch would fit."""


class DeviceLostError(RnasError, RuntimeError):
    """Report that an error has made a GPU unusable for this process, not for others (exit code 1).

    Args:
        reason: what happened.
        advice: how to continue.
    """

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(f"{reason}; {advice}" if advice else reason)
        self.reason = reason


class ExportError(RnasError, RuntimeError):
    """Report that an export cannot be read back, or computes something else than its network."""


class NotEvaluatedError(RnasError, RuntimeError):
    """Report that a recorded result could not be evaluated again; the message says why."""


def error_text(error: BaseException) -> str:
    """Return what an exception says, even if its own ``__str__`` fails."""
    try:
        return str(error)
    except Exception as second:
        return f"its text cannot be read ({type(second).__name__})"
