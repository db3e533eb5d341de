from typing import Any

import pytest
import torch

from rnas.errors import DivergedError, InputError
from rnas.experiments.reproduction._recorded_result import Outcome, attempted, own_device
from rnas.nas.evaluators.evaluator import Status
from rnas.nas.execution._local import Device
from rnas.utils.provenance import device_name


def failing(error: Exception) -> Outcome:
    raise error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), Status.OUT_OF_MEMORY),
        (OSError(5, "Input/output error"), Status.FAILED),
        (DivergedError("the loss is not finite"), Status.DIVERGED),
    ],
)
def test_an_error_becomes_an_outcome_that_says_which(error: Exception, status: Status) -> None:
    outcome = attempted(3, lambda: failing(error))
    assert (outcome.status, outcome.seed, outcome.metrics) == (status, 3, {})
    assert outcome.failure.startswith(f"seed 3: {status}: ")
    # An evaluation does not know its seed, and none is made up.
    assert attempted(None, lambda: failing(error)).failure.startswith(f"{status}: ")


@pytest.mark.parametrize("error", [InputError("wrong"), OSError(28, "No space left on device")])
def test_bad_input_a_full_disk_and_what_was_measured_pass(error: Exception) -> None:
    with pytest.raises(type(error)):
        attempted(0, lambda: failing(error))
    measured = Outcome(0, {"clean": 0.5})
    assert attempted(0, lambda: measured) is measured
    assert measured.failure == ""


@pytest.mark.parametrize(
    ("recorded", "otherwise", "expected"),
    [
        (device_name("cpu"), "auto", "cpu"),
        (device_name("cpu"), "cuda", "cpu"),
        ("NVIDIA H200", "cpu", "auto"),
        ("", "cpu", "cpu"),
        (None, "cuda", "cuda"),
        ({"mine": 1}, "auto", "auto"),
    ],
)
def test_a_result_is_reproduced_on_the_kind_of_device_that_it_was_made_on(
    recorded: Any, otherwise: Device, expected: Device
) -> None:
    assert own_device(recorded, otherwise) == expected
