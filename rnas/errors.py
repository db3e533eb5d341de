"""The two errors that a user is shown as one line, without a traceback."""


class InputError(ValueError):
    """Something the user gave is wrong; the message says what, where and the fix (exit code 2)."""


class LedgerError(RuntimeError):
    """The ledger of a run is damaged or does not match its run (exit code 1)."""
