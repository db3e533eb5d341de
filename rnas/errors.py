"""Define the errors of rnas: each is shown to the user as one line, or becomes the status of an evaluation."""


class RnasError(Exception):
    """Say what went wrong. Every error that rnas raises on purpose is one of this class."""


class InputError(RnasError, ValueError):
    """Something the user gave is wrong; the message says what, where and the fix (exit code 2)."""


class MisfitError(InputError):
    """The tensors of a file are not those of the network."""


class LedgerError(RnasError, RuntimeError):
    """The ledger of an experiment is damaged or does not match its experiment (exit code 1)."""


class DivergedError(RnasError, ArithmeticError):
    """The loss of a training is no longer a finite number: status diverged."""


class DeadlineExceededError(RnasError, TimeoutError):
    """An evaluation ran past its deadline: status timeout."""


class BatchTooLargeError(RnasError, MemoryError):
    """Memory ran out; the message says which batch would fit."""


class ExportError(RnasError, RuntimeError):
    """What was exported cannot be read back, or computes something else."""


class NotEvaluatedError(RnasError, RuntimeError):
    """A recorded result could not be evaluated again; the message says why."""
