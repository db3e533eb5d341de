"""Measure, and turn an error into an outcome."""

from collections.abc import Callable

from rnas.errors import InputError
from rnas.experiments.reproduction._recorded_result import Outcome
from rnas.nas.evaluators import _guard as guard


def attempted(seed: int | None, measure: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of a measurement; if an error ended it, return an outcome that names the error.

    Args:
        seed: seed of the measured training; None if it is not known.
        measure: measures.

    Raises:
        InputError: the measurement raised it.
    """
    try:
        return measure()
    except InputError:
        raise
    except Exception as error:
        status, reason = guard.classified(error)
        return Outcome(seed, {}, status=status, reason=reason)
