"""Measure the cost of a network: parameters and FLOPs, as the papers count them.

FLOPs are the papers' #F: multiply-accumulates of convolutions and linear layers for one image, and of attention's two
products, that of queries with keys and that of their weights with the values.
Params are the elements of all trainable parameters; normalisation buffers do not count.
"""

from dataclasses import dataclass

from rnas._typing import Integers


@dataclass(frozen=True)
class Cost:
    """Hold the cost of one network."""

    params: int
    flops: int


@dataclass(frozen=True)
class Costs:
    """Hold the costs of many networks in two int64 arrays of one shape."""

    params: Integers
    flops: Integers

    def __add__(self, other: "Costs") -> "Costs":
        return Costs(self.params + other.params, self.flops + other.flops)

    def __mul__(self, times: Integers | int) -> "Costs":
        return Costs(self.params * times, self.flops * times)
