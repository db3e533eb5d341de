import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, settings

from tests.arithmetic import reset_switches

# As in a worker: several threads compete for the cores with other tests, and change results in the last digits.
torch.set_num_threads(1)

# The same examples each time, however long one takes on a busy machine.
settings.register_profile("rnas", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rnas")


def asks_for_gpu(markers: str) -> bool:
    """Return whether an expression after ``-m`` asks for tests that need a GPU."""
    return "gpu" in markers.replace("not gpu", "").split()


def pytest_configure(config: pytest.Config) -> None:
    """Hide GPUs from tests that do not need one, and from processes that they start: equal numbers are of a CPU."""
    if not asks_for_gpu(config.getoption("markexpr")):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where none is seen."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a GPU, and pytest -m gpu")


@pytest.fixture
def fresh_switches() -> Iterator[None]:
    """Let a test set torch's switches of arithmetic as it likes."""
    reset_switches()
    yield
    reset_switches()
