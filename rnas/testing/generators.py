"""Find code that changes the global random generators of torch, numpy and ``random``."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_SEED = 0x5EED0DD5


@contextmanager
def generators_left_as_found() -> Iterator[None]:
    """Raise AssertionError if the block changes the state of a global random generator.

    In the block the generators have states that no seed gives, so that code that seeds them is found as well. At the
    end they have their former states again.
    """
    found = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    torch.manual_seed(_SEED)
    np.random.seed(_SEED)  # noqa: NPY002
    random.seed(_SEED)
    torch.rand(1), np.random.rand(), random.random()  # noqa: NPY002
    try:
        before = _states()
        yield
        for name, state in _states().items():
            assert state == before[name], f"the global generator of {name} was changed"
    finally:
        torch.set_rng_state(found[0])
        np.random.set_state(found[1])  # noqa: NPY002
        random.setstate(found[2])


def _states() -> dict[str, object]:
    return {
        "torch": bytes(torch.get_rng_state().numpy()),
        "numpy": str(np.random.get_state()),  # noqa: NPY002
        "random": random.getstate(),
    }
