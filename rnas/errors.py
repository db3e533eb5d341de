"""Errors that mean something: to the user, shown as one line, or to the record of an evaluation."""


class InputError(ValueError):
    """Something the user gave is wrong; the message says what, where and the fix (exit code 2)."""


class LedgerError(RuntimeError):
    """The ledger of a run is damaged or does not match its run (exit code 1)."""


class DivergedError(ArithmeticError):
    """A training whose loss is no longer a finite number: status diverged."""


class DeadlineExceededError(TimeoutError):
    """An evaluation that ran past its deadline: status timeout."""
