from typing import Any

import pytest

from rnas.experiments.reproduction._own_device import own_device
from rnas.nas.execution._local import Device
from rnas.utils.provenance import device_name


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
