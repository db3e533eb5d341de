"""The contract of a zero-cost proxy, and the untrained network that it scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from rnas.networks.architecture import Architecture, Shape


class Proxy(Protocol):
    """A function that scores an architecture without training it. Registered under ``rnas.proxies``.

    Higher is meant to be better; :mod:`rnas.nas.proxies.judgement` tells whether it is. Computed on the CPU; equal
    arguments give equal scores, and the global generators are left as found.
    """

    def __call__(
        self, architecture: Architecture, input_shape: Shape, num_classes: int, images: Tensor, seed: int
    ) -> float:
        """The score: a finite number, or -inf where no network can be worse.

        Args:
            architecture: what to score.
            input_shape: (C, H, W) of one image.
            num_classes: number of logits.
            images: (n, C, H, W) in [0, 1] of the train split, n at least 2; not written into.
            seed: of the weights.

        Raises:
            InputError: it is not defined for this network.
            DivergedError: the score is no number, since the network's values are not finite.
        """


@contextmanager
def untrained(architecture: Architecture, input_shape: Shape, num_classes: int, seed: int) -> Iterator[nn.Module]:
    """Within: the network with weights drawn from the seed, in float64 and training mode. After: generators as before.

    In float64 since scores are differences and products of many small numbers.
    """
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would seed generators of other devices as well.
        torch.default_generator.manual_seed(seed)
        yield architecture.build(num_classes, input_shape).double()
