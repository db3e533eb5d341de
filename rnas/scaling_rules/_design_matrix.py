"""Turn observations into the columns and covariances of a mixed model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.gaussian_process.kernels import Matern

from rnas._typing import Floats
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.shares import inside, searched, simplex
from rnas.statistics.mixed_model import MixedModel

FLOPS, PARAMS = 0, 1
CAPACITY = (FLOPS, PARAMS)
"""Columns of :attr:`DesignMatrix.capacity`."""

LENGTHS = (0.2, 0.5)
"""Length scales of functions of shares: one that bends within a fifth of the range, and one over half of it."""

CAPACITY_LENGTH = 1.5
"""Length scale of functions of log FLOPs and log params, in standard deviations."""

_TEST_LENGTH = 0.5
_STEPS = {2: 100, 3: 40, 4: 16}
"""Number of steps of a grid of shares, by the number of stages; each grid has a few hundred points."""

_R_STEPS = 200
_CAPACITY_IN_ALL = 0.3


@dataclass(frozen=True)
class RulePart:
    """One part of a rule: its coordinates, and the grid on which its optimum is searched.

    Attributes:
        name: name of the part, such as "depth shares".
        quantities: names of the coordinates.
        values: (n, c) coordinates of the observations.
        grid: (m, c) possible optima, within the range of the observations.
        uniform: (c,) coordinates without a rule: equal shares, or depth equal to width. If the grid does not contain
            them, the point of the grid nearest to the mean of the observations.
        published: (c,) coordinates of RobustScaling; None if it is not defined for this number of stages.
        rounding: largest distance of a coordinate from its best value that rounding to whole depths and widths causes.
    """

    name: str
    quantities: tuple[str, ...]
    values: Floats
    grid: Floats
    uniform: Floats
    published: Floats | None
    rounding: float


DEPTHS, WIDTHS, DEPTH_TO_WIDTH = "depth shares", "width shares", "depth to width"


def parts_of(observations: Observations, rule: Rule) -> tuple[RulePart, ...]:
    """Return the parts of a rule (depth shares, width shares, r_D) that have at least three observed values."""
    stages = observations.stages
    depth_total = float(np.median(observations.depths.sum(axis=1)))
    width_total = float(np.median(observations.widths.sum(axis=1)))
    known = len(rule.depths) == stages
    r = observations.depth_to_width[:, None]
    r_grid = searched(np.linspace(0, 1, _R_STEPS + 1)[:, None], r)
    shares = simplex(stages, _STEPS[stages])
    equal = np.full(stages, 1 / stages)
    found = [
        _part(DEPTHS, "D", observations.depth_shares, shares, equal, rule.depths if known else None, depth_total),
        _part(WIDTHS, "W", observations.width_shares, shares, equal, rule.widths if known else None, width_total),
        RulePart(
            name=DEPTH_TO_WIDTH,
            quantities=("r_D",),
            values=r,
            grid=r_grid,
            uniform=no_rule(np.array([0.5]), r_grid, r),
            published=np.array([rule.depth_share]),
            rounding=0.5 / (depth_total + width_total),
        ),
    ]
    return tuple(part for part in found if len(np.unique(part.values.round(9), axis=0)) > 2)


def _part(
    name: str,
    letter: str,
    values: Floats,
    shares: Floats,
    equal: Floats,
    published: Sequence[float] | None,
    total: float,
) -> RulePart:
    grid = searched(shares, values)
    return RulePart(
        name=name,
        quantities=tuple(f"{letter}{stage}" for stage in range(1, values.shape[1] + 1)),
        values=values,
        grid=grid,
        uniform=no_rule(equal, grid, values),
        published=None if published is None else np.array(published) / sum(published),
        rounding=0.5 / total,
    )


def no_rule(uniform: Floats, grid: Floats, values: Floats) -> Floats:
    """Return uniform (c,) if it is inside a grid (m, c), else the grid point nearest to the mean of values (n, c)."""
    if inside(uniform, grid):
        return uniform
    return np.asarray(grid[((grid - values.mean(axis=0)) ** 2).sum(axis=1).argmin()])


@dataclass(frozen=True)
class DesignMatrix:
    """The columns and covariances of a mixed model for some observations, and the fitted model.

    Attributes:
        observations: the evaluated networks.
        parts: the parts of the rule.
    """

    observations: Observations
    parts: tuple[RulePart, ...]

    @cached_property
    def capacity(self) -> Floats:
        """Return the logarithms (n, 2) of FLOPs and params, each with mean 0 and standard deviation 1."""
        logs = np.log(np.stack([self.observations.flops, self.observations.params], axis=1))
        return standardised(logs)

    @cached_property
    def blocks(self) -> Mapping[str, Floats]:
        """Return for each block variable its centred indicator columns (n, values), one for each value."""
        return {name: one_hot(values) for name, values in self.observations.blocks.items()}

    def fixed(self, capacity: Sequence[int]) -> Floats:
        """Return a constant and some columns of the capacity, without those that depend linearly on others."""
        columns = np.column_stack([np.ones(len(self.observations)), self.capacity[:, list(capacity)]])
        kept: list[int] = []
        for column in range(columns.shape[1]):
            if np.linalg.matrix_rank(columns[:, [*kept, column]], tol=1e-6 * len(columns) ** 0.5) == len(kept) + 1:
                kept.append(column)
        return columns[:, kept]

    def of_capacity(self, capacity: Sequence[int]) -> list[Floats]:
        """Return the covariance of a smooth function of some columns of the capacity; empty without columns."""
        return [matern(self.capacity[:, list(capacity)], CAPACITY_LENGTH)] if len(capacity) else []

    def of_blocks(self, without: str | None = None) -> list[Floats]:
        """Return a covariance for each block variable, optionally without one of them."""
        return [covariance for name, covariance in self._of_blocks.items() if name != without]

    def of_parts(self, without: str | None = None) -> list[Floats]:
        """Return two covariances, one a length scale, for each part of the rule, optionally without one part."""
        return [one for name, covariances in self._of_parts.items() if name != without for one in covariances]

    @cached_property
    def of_all(self) -> Floats:
        """Return the covariance of a function of all inputs, which models interactions."""
        inputs = [_CAPACITY_IN_ALL * self.capacity, *(part.values for part in self.parts), *self.blocks.values()]
        return matern(np.column_stack(inputs), LENGTHS[-1])

    @cached_property
    def model(self) -> MixedModel:
        """Return the full model of the scores, with functions of capacity, of blocks, of parts and of all inputs."""
        functions = [*self.of_capacity(CAPACITY), *self.of_blocks(), *self.of_parts(), self.of_all]
        return MixedModel(self.observations.score, self.fixed(CAPACITY), functions)

    def block_function(self, name: str) -> int:
        """Return the index, among the model's functions, of the effect of a block variable."""
        # The function of capacity comes first.
        return 1 + list(self.blocks).index(name)

    def part_functions(self, part: RulePart) -> list[int]:
        """Return the indices, among the model's functions, of a part's functions, in the order of the length scales."""
        first = 1 + len(self.blocks) + len(LENGTHS) * [one.name for one in self.parts].index(part.name)
        return [first + scale for scale in range(len(LENGTHS))]

    @cached_property
    def _of_blocks(self) -> Mapping[str, Floats]:
        return {name: column @ column.T for name, column in self.blocks.items()}

    @cached_property
    def _of_parts(self) -> Mapping[str, list[Floats]]:
        return {part.name: [matern(part.values, length) for length in LENGTHS] for part in self.parts}

    def test(self, part: RulePart) -> Floats:
        """Return the covariance for the test of whether a part has any effect."""
        return matern(part.values, _TEST_LENGTH)


def matern(inputs: Floats, length: float, others: Floats | None = None) -> Floats:
    """Return the Matern 5/2 covariance (n, m) of inputs (n, c) and others (m, c), by default the inputs themselves."""
    return np.asarray(Matern(length, nu=2.5)(inputs, others))


def standardised(columns: Floats) -> Floats:
    """Scale columns (n, c) to mean 0 and standard deviation 1; a constant column becomes 0."""
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0))


def one_hot(values: NDArray[np.str_]) -> Floats:
    """Return the centred indicator columns (n, k) of values (n,), one for each distinct value, sorted."""
    columns = (values[:, None] == np.unique(values)[None, :]).astype(np.float64)
    return np.asarray(columns - columns.mean(axis=0))
