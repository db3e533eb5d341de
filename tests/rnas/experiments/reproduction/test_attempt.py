import pytest
import torch

from rnas.errors import DivergedError, InputError
from rnas.experiments.reproduction._attempt import attempted
from rnas.experiments.reproduction._recorded_result import Outcome
from rnas.nas.evaluators.evaluator import Status


def failing(error: Exception) -> Outcome:
    raise error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), Status.OUT_OF_MEMORY),
        (OSError(28, "No space left on device"), Status.FAILED),
        (DivergedError("the loss is not finite"), Status.DIVERGED),
    ],
)
def test_an_error_becomes_an_outcome_that_says_which(error: Exception, status: Status) -> None:
    outcome = attempted(3, lambda: failing(error))
    assert (outcome.status, outcome.seed, outcome.metrics) == (status, 3, {})
    assert outcome.failure.startswith(f"seed 3: {status}: ")
    # An evaluation does not know its seed, and none is made up.
    assert attempted(None, lambda: failing(error)).failure.startswith(f"{status}: ")


def test_bad_input_and_what_was_measured_pass() -> None:
    with pytest.raises(InputError, match="wrong"):
        attempted(0, lambda: failing(InputError("wrong")))
    measured = Outcome(0, {"clean": 0.5})
    assert attempted(0, lambda: measured) is measured
    assert measured.failure == ""
