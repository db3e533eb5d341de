"""Define a replication: the cells of its design at a size, and the paper's claims about them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from rnas import registry
from rnas.errors import InputError
from rnas.experiments.replications.claim import Claim
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.block import Block
from rnas.networks.residual import BASE_CHANNELS, BASIC, ResidualNetwork
from rnas.utils.quantities import pluralize

Factor = str | float
"""Level of a factor of a design: a word, or a number where the levels have distances."""

ROBUST_RESNETS = "Huang, Lu, Deb, Boddeti: Revisiting Residual Networks for Adversarial Robustness, CVPR 2023"
ROBUST_WRN = (
    "Huang, Wang, Erfani, Gu, Bailey, Ma: Exploring Architectural Ingredients of Adversarially Robust Deep Neural "
    "Networks, NeurIPS 2021"
)

PAPER, SMALL = "paper", "small"
CAPACITIES = (SMALL, PAPER)
"""Sizes of networks that a replication can have."""

_SMALL_CHANNELS = (4, 8, 16)
_SMALL_STEM = 8


@dataclass(frozen=True)
class DesignCell:
    """Describe one setting of a design, which is trained with every seed.

    Attributes:
        factors: levels by the names of the factors.
        architecture: the network.
        flops: multiply-accumulates for one image.
        params: trainable parameters.
        recipe: fields of the replication's recipe that are set otherwise; with a ``name`` it is another recipe.
    """

    factors: Mapping[str, Factor]
    architecture: Architecture
    flops: int
    params: int
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return the levels in one line."""
        return ", ".join(
            f"{name} {level:.3g}" if isinstance(level, float) else f"{name} {level}"
            for name, level in self.factors.items()
        )

    def number(self, name: str) -> float:
        """Return the level of a numeric factor; ``FLOPs`` and ``params`` are such factors of every cell."""
        own: dict[str, Factor] = {"FLOPs": self.flops, "params": self.params}
        return float((own | dict(self.factors))[name])


@dataclass(frozen=True)
class Size:
    """Hold the size of the networks of a replication, and the shape of their images.

    Attributes:
        capacity: ``paper``, the levels that the paper has; or ``small``, levels of our own, for a CPU.
        input_shape: (C, H, W) of one image.
        num_classes: number of classes.
        base_channels: planes of each stage at widening 1; None is 16, 32, 64 as in the papers, and a quarter for small.
        networks: names of published networks in place of the design's own; empty keeps those.
    """

    capacity: str
    input_shape: Shape
    num_classes: int
    base_channels: tuple[int, ...] | None = None
    networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.capacity not in CAPACITIES:
            raise InputError(f"unknown capacity {self.capacity!r}; known: {', '.join(CAPACITIES)}")
        own = _SMALL_CHANNELS if self.capacity == SMALL else BASE_CHANNELS[:3]
        channels = self.base_channels or own
        if len(channels) != 3 or not all(number >= 1 for number in channels):
            raise InputError(f"base channels {channels}; write three whole numbers of at least 1, such as 4,8,16")
        object.__setattr__(self, "base_channels", tuple(channels))

    @property
    def paper(self) -> bool:
        """Return whether the levels are those of the paper."""
        return self.capacity == PAPER

    def network(self, depths: Sequence[int], widths: Sequence[float], block: Block = BASIC) -> ResidualNetwork:
        """Build a network of these depths whose planes are the base channels times the widenings, rounded."""
        assert self.base_channels is not None
        planes = (max(1, round(width * base)) for width, base in zip(widths, self.base_channels, strict=False))
        stem = ResidualNetwork.stem_width if self.paper else _SMALL_STEM
        return ResidualNetwork(tuple(depths), tuple(planes), (block,), stem)

    def flops(self, architecture: Architecture) -> int:
        """Return the multiply-accumulates of a network for one image."""
        return architecture.cost(self.input_shape, self.num_classes).flops

    def cell(
        self, architecture: Architecture, factors: Mapping[str, Factor], recipe: Mapping[str, Any] | None = None
    ) -> DesignCell:
        """Return a cell with its costs."""
        cost = architecture.cost(self.input_shape, self.num_classes)
        return DesignCell(dict(factors), architecture, cost.flops, cost.params, dict(recipe or {}))

    @property
    def widening(self) -> int:
        """Return the widening of all stages in designs that vary depths: 10 as in the papers, and 2 for small."""
        return 10 if self.paper else 2

    @property
    def capacities(self) -> tuple[tuple[int, int], ...]:
        """Return depth and widening of all stages at the capacities at which blocks are compared, smallest first."""
        if self.paper:
            return ((4, 10), (5, 12), (7, 14), (11, 16))
        return ((1, 2), (2, 2), (3, 3))


def capacity_label(depth: int, width: int) -> str:
    """Return a level of capacity in words."""
    return f"D {depth}, W {width}"


@dataclass(frozen=True)
class ReplicationFigure:
    """Describe the figure of a replication, which shows a metric of every cell.

    Attributes:
        x: factor, ``FLOPs`` or ``params`` along x.
        colour: factors that the colour shows together; words are lines, numbers a scale.
        like: the figure of the paper that it resembles.
        metric: along y.
        panel: factors whose levels have a plot each.
    """

    x: str
    colour: tuple[str, ...]
    like: str
    metric: str = "test_robust_accuracy"
    panel: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replication:
    """Describe a replication of a paper; an instance is registered under ``rnas.replications``.

    Attributes:
        name: lower case, as on the command line.
        title: the subject, in a few words.
        paper: the paper.
        section: section and figure or table.
        observation: what the paper observed, in our words.
        recipe: the paper's training recipe.
        cells: function from a size to the cells of the design.
        claims: function from the cells to the comparisons of the observation, which holds if all of them do.
        figure: the figure of the report.
        seeds: default number of trainings of each cell.
        diagnostics: measured in addition to the accuracies.
        threats: further balls, or ``unseen``, in which networks are attacked; see
            :class:`rnas.evaluation.training_settings.EvaluationSettings`.
        quick_threats: those on digits; empty is ``threats``.
        columns: metrics of the table of cells, each with an interval, and letters where it is an accuracy; empty shows
            the figure's metric and clean accuracy.
        quick: recipe on digits, by its differences from a registered one; None is one that all replications share.
        quick_epochs: epochs on digits; None is as many as all replications have.
        takes_networks: whether its networks can be chosen by name.
        strata: factor that cells are drawn by, stratified, where only some of a large design are asked for; None where
            the comparisons need every cell.
        note: differences of the design from the paper, or what the paper leaves open.
    """

    name: str
    title: str
    paper: str
    section: str
    observation: str
    recipe: str
    cells: Callable[[Size], Iterable[DesignCell]]
    claims: Callable[[Sequence[DesignCell]], Sequence[Claim]]
    figure: ReplicationFigure
    seeds: int = 3
    diagnostics: tuple[str, ...] = ()
    threats: tuple[str, ...] = ()
    quick_threats: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    quick: Mapping[str, Any] | None = None
    quick_epochs: int | None = None
    takes_networks: bool = False
    strata: str | None = None
    note: str = ""

    def design(self, size: Size, limit: int | None = None) -> tuple[DesignCell, ...]:
        """Return the cells at a size, or a random subset, which is the same every time.

        Args:
            size: size of the networks.
            limit: largest number of cells; None is all.

        Raises:
            InputError: fewer cells are asked for than the design has, and its comparisons need them all.
        """
        cells = _cells(self.cells, size)
        if limit is None or limit >= len(cells):
            return cells
        if self.strata is None:
            raise InputError(
                f"replication {self.name} compares all its {len(cells)} cells with each other; leave cells out"
            )
        return tuple(cells[row] for row in stratified([cell.number(self.strata) for cell in cells], limit))


def find(name: str) -> Replication:
    """Return the installed replication of this name; raise InputError with the known names if no design has it."""
    found: Replication = registry.load(registry.REPLICATIONS, name)
    return found


def replications() -> tuple[Replication, ...]:
    """Return every installed replication, by name."""
    return tuple(find(name) for name in registry.names(registry.REPLICATIONS))


# Bringing large networks to a budget takes a minute.
@cache
def _cells(cells: Callable[[Size], Iterable[DesignCell]], size: Size) -> tuple[DesignCell, ...]:
    return tuple(cells(size))


def stratified(levels: Sequence[float], limit: int) -> list[int]:
    """Return ``limit`` of the rows in order, drawn with a fixed seed, as even over the levels as they allow."""
    rng = np.random.default_rng(0)
    rows: dict[float, list[int]] = defaultdict(list)
    for row in rng.permutation(len(levels)).tolist():
        rows[levels[row]].append(row)
    chosen: list[int] = []
    while len(chosen) < limit:
        # One of each level in turn; where the last round is not whole, random levels have it.
        for level in rng.permutation(sorted(rows)).tolist():
            if rows[level] and len(chosen) < limit:
                chosen.append(rows[level].pop())
    return sorted(chosen)


def require_distinct(cells: Sequence[DesignCell]) -> None:
    """Raise ValueError if two cells have the same levels, because a design would compare a cell with itself."""
    counts = Counter(tuple(sorted((name, str(level)) for name, level in cell.factors.items())) for cell in cells)
    twice = [levels for levels, count in counts.items() if count > 1]
    if twice:
        raise ValueError(f"{pluralize(len(twice), 'setting')} twice in the design, such as {twice[0]}")
