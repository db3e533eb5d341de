"""What :mod:`tests.rnas.exports.own_network` imports, and what the format standalone refuses."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from tests.rnas.exports import networks

DEPTH = 2


@dataclass(frozen=True)
class Scale:
    """A factor and its name."""

    factor: float
    name: str = "scale"


def halves(x: Tensor) -> tuple[Tensor, ...]:
    """The upper and the lower half of images."""
    return x.chunk(2, dim=2)


class UsesNumpy(nn.Module):
    size = np.int64(1)


class UsesModule(nn.Module):
    size = networks.IMAGE


class load(nn.Module):  # noqa: N801 (the name of a function of the exported file)
    pass


class Takes(nn.Module):
    def __init__(self, given: object) -> None:
        super().__init__()
        self.given = given
