"""The global generators of torch, numpy and ``random``, to find what changes them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_SEED = 0x5EED0DD5


@contextmanager
def generators_left_as_found() -> Iterator[None]:
    """Around a call that must not touch a global generator; AssertionError where one is in another state after it.

    Within, the generators are in states that no seed gives, so that one who seeds them is found too, whatever
    ran before; afterwards they are as they were.
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
