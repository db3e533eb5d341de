"""Apply RobustScaling: choose depth and width for a budget of FLOPs (Huang et al., CVPR 2023, section 4.2).

The paper's rule is a proportion of the stages' depths, D1:D2:D3 = 2:2:1, a proportion of their widths, W1:W2:W3 =
2:2.5:1, and a proportion of their sums, 7:3, at a FLOPs target. Whole numbers cannot satisfy all of them exactly. This
module takes the setting with the least sum of squared logarithms of four deviations: of each depth from the proportion
of depths, of each width from that of widths, of the ratio of the sums, and of the FLOPs from the target. The FLOPs must
stay within a tolerance. Every depth and width is the rule's value, rounded up or down.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.residual import ResidualNetwork, costs_of
from rnas.networks.zoo import Scaled
from rnas.utils.quantities import format_size

_AT_ONCE = 64
"""Number of settings whose FLOPs are counted together."""


@dataclass(frozen=True)
class Rule:
    """Set the proportions of a family of networks; the defaults are the paper's.

    Attributes:
        depths: proportions of the stages' depths to each other.
        widths: proportions of the stages' widths to each other, as many as depths.
        depth_to_width: ratio of the sum of depths to the sum of widths.

    Raises:
        InputError: the numbers of depths and widths differ, or a number is not above zero.
    """

    depths: tuple[float, ...] = (2, 2, 1)
    widths: tuple[float, ...] = (2, 2.5, 1)
    depth_to_width: float = 7 / 3

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.widths) or not self.depths:
            raise InputError(f"{len(self.depths)} depths and {len(self.widths)} widths in a rule; give one a stage")
        if not all(number > 0 for number in (*self.depths, *self.widths, self.depth_to_width)):
            raise InputError(f"proportions of a rule are above zero; {self} has one that is not")

    @property
    def depth_share(self) -> float:
        """Return the paper's r_D: the sum of depths as a share of the sum of depths and widths."""
        return self.depth_to_width / (1 + self.depth_to_width)

    def distance(self, depths: Sequence[int], widths: Sequence[float]) -> float:
        """Return the deviation of a setting from the proportions, as the sum of squared logarithms; 0 is exact."""
        ratio = math.log(sum(depths) / sum(widths) / self.depth_to_width)
        return float(_off(np.array([depths]), self.depths)[0] + _off(np.array([widths]), self.widths)[0] + ratio**2)


@dataclass(frozen=True)
class Setting:
    """Hold depths and widths of the stages for a budget, their FLOPs, and their value of the objective."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    flops: int
    objective: float

    def __str__(self) -> str:
        return f"D = {','.join(map(str, self.depths))}; W = {','.join(map(str, self.widths))}"


@dataclass(frozen=True)
class RobustScaling:
    """Scale networks of one kind to a budget by a rule.

    Attributes:
        architecture: function from depths and widths of the stages to the network; FLOPs grow with each of them.
        unit: meaning of a depth and a width of 1.
        rule: the proportions.
        tolerance: allowed deviation of the FLOPs, as a share.
    """

    architecture: Callable[[tuple[int, ...], tuple[int, ...]], Architecture]
    unit: str = "depth in blocks, width in multiples of 16, 32 and 64 channels"
    rule: Rule = Rule()
    tolerance: float = 0.05

    @property
    def description(self) -> str:
        """Return what changes and what stays fixed, in one line."""
        depths, widths = (":".join(f"{x:g}" for x in parts) for parts in (self.rule.depths, self.rule.widths))
        return f"RobustScaling, depths {depths}, widths {widths}, r_D {self.rule.depth_share:.3g}; {self.unit}"

    def setting(
        self, depths: tuple[int, ...], widths: tuple[int, ...], flops: int, input_shape: Shape, num_classes: int
    ) -> Setting:
        """Return depths and widths as a setting for a budget of FLOPs.

        Its objective is the distance from the rule plus the squared logarithm of its FLOPs divided by the budget.
        """
        counted = self.architecture(depths, widths).cost(input_shape, num_classes).flops
        return Setting(depths, widths, counted, self._objective(depths, widths, counted, flops))

    def _objective(self, depths: tuple[int, ...], widths: tuple[int, ...], counted: int, flops: int) -> float:
        return self.rule.distance(depths, widths) + math.log(counted / flops) ** 2

    def nearest(self, flops: int, input_shape: Shape, num_classes: int) -> Scaled:
        """Return the network of :meth:`optimum`; raise InputError if there is no such network."""
        best = self.optimum(flops, input_shape, num_classes)
        return Scaled(self.architecture(best.depths, best.widths), str(best), best.flops, flops)

    def optimum(self, flops: int, input_shape: Shape, num_classes: int) -> Setting:
        """Return the setting with the least objective within the tolerance; raise InputError if no setting is."""

        def count(depths: tuple[int, ...], widths: tuple[int, ...]) -> int:
            return self.architecture(depths, widths).cost(input_shape, num_classes).flops

        depths, widths, distances = self._candidates(flops, count)
        best: Setting | None = None
        # The order is by distance from the rule, a lower bound of the objective that needs no counting.
        rows, columns = np.unravel_index(np.argsort(distances, axis=None), distances.shape)
        settings = [(depths[row], widths[column]) for row, column in zip(rows, columns, strict=True)]
        counts = self._counts(settings, input_shape, num_classes)
        for distance, (depth, width), counted in zip(distances[rows, columns], settings, counts, strict=False):
            if best is not None and distance >= best.objective:
                break
            if abs(counted / flops - 1) > self.tolerance:
                continue
            objective = self._objective(depth, width, counted, flops)
            if best is None or objective < best.objective:
                best = Setting(depth, width, counted, objective)
        if best is None:
            smallest = count((1,) * len(self.rule.depths), (1,) * len(self.rule.widths))
            raise InputError(
                f"no whole depths and widths by the rule come within {self.tolerance:.0%} of {format_size(flops)} "
                f"FLOPs at {input_shape[1]}x{input_shape[2]}; the smallest network has {format_size(smallest)}"
            )
        return best

    def _counts(
        self, settings: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], input_shape: Shape, num_classes: int
    ) -> Iterator[int]:
        """Yield the FLOPs of settings of depths and widths; many residual networks are counted at once."""
        for start in range(0, len(settings), _AT_ONCE):
            networks = [self.architecture(*setting) for setting in settings[start : start + _AT_ONCE]]
            residual = [network for network in networks if isinstance(network, ResidualNetwork)]
            if (
                len(residual) == len(networks)
                and len({(n.blocks, n.head_activation, n.upsample) for n in residual}) == 1
            ):
                yield from costs_of(residual, input_shape, num_classes).flops.tolist()
            else:
                yield from (network.cost(input_shape, num_classes).flops for network in networks)

    def _candidates(
        self, flops: int, count: Callable[[tuple[int, ...], tuple[int, ...]], int]
    ) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]], Floats]:
        """Return depths (d), widths (w) and their distances from the rule (d, w), around the scale of the budget."""
        stretch = self.rule.depth_to_width * sum(self.rule.widths) / sum(self.rule.depths)
        scale = 0.5 / max(self.rule.widths)
        while count(_nearest(self.rule.depths, scale * stretch), _nearest(self.rule.widths, scale)) < flops:
            scale *= 1.1
        depths = _roundings(self.rule.depths, scale * stretch)
        widths = _roundings(self.rule.widths, scale)
        d, w = np.array(depths), np.array(widths)
        ratios = np.log(d.sum(axis=1)[:, None] / w.sum(axis=1) / self.rule.depth_to_width)
        return depths, widths, _off(d, self.rule.depths)[:, None] + _off(w, self.rule.widths) + ratios**2


def _off(settings: Floats, proportions: Sequence[float]) -> Floats:
    """Return the deviation of settings (n, stages) from their proportion, whatever their size."""
    logs = np.log(settings / np.array(proportions))
    off: Floats = ((logs - logs.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return off


def _nearest(proportions: Sequence[float], scale: float) -> tuple[int, ...]:
    return tuple(max(1, round(scale * part)) for part in proportions)


def _roundings(proportions: Sequence[float], scale: float) -> list[tuple[int, ...]]:
    """Return the proportions at all scales from half to twice this one, each rounded up or down, at least 1."""
    # The roundings stay the same between two scales at which some value is whole.
    whole = {n / part for part in proportions for n in range(math.ceil(scale * part / 2), int(2 * scale * part) + 1)}
    ends = sorted({scale / 2, 2 * scale, *whole})
    found = set()
    for low, high in pairwise(ends):
        parts = [(low + high) / 2 * part for part in proportions]
        found |= set(product(*({max(1, math.floor(part)), max(1, math.ceil(part))} for part in parts)))
    return sorted(found)
