"""Define the contract of a zero-cost proxy, and build the untrained network that it scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from rnas.networks.architecture import Architecture, Shape


class Proxy(Protocol):
    """A function that scores an architecture without training it, registered under ``rnas.proxies``.

    Higher is meant to be better; :mod:`rnas.nas.proxies.judgement` tests this. Scores are computed on the CPU. Equal
    arguments give equal scores, and the states of the global generators do not change.
    """

    def __call__(
        self, architecture: Architecture, input_shape: Shape, num_classes: int, images: Tensor, seed: int
    ) -> float:
        """Return the score: a finite number, or -inf if no network can be worse.

        Args:
            architecture: architecture to score.
            input_shape: (C, H, W) of one image.
            num_classes: number of logits.
            images: (n, C, H, W) images in [0, 1] from the train split, n at least 2; they are not changed.
            seed: seed of the weights.

        Raises:
            InputError: the score is not defined for this network.
            DivergedError: the score is NaN, since the network's values are not finite.
        """


@contextmanager
def untrained(architecture: Architecture, input_shape: Shape, num_classes: int, seed: int) -> Iterator[nn.Module]:
    """Yield the network with weights from the seed, in float64 and training mode; then restore the generators.

    It is in float64 since scores are differences and products of many small numbers.
    """
    with torch.random.fork_rng(devices=[]):
        # torch.manual_seed is not used, since it would seed the generators of other devices as well.
        torch.default_generator.manual_seed(seed)
        yield architecture.build(num_classes, input_shape).double()
