from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

from tests.arithmetic import reset_switches

# As in a worker: several threads compete for the cores with other tests, and change results in the last digits.
torch.set_num_threads(1)

# The same examples each time, however long one takes on a busy machine.
settings.register_profile("rnas", deadline=None, derandomize=True)
settings.load_profile("rnas")


@pytest.fixture
def fresh_switches() -> Iterator[None]:
    """Let a test set torch's switches of arithmetic as it likes."""
    reset_switches()
    yield
    reset_switches()
