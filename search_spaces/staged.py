"""Provide the base of spaces of residual networks: depths and widths of the stages, cost, features, notation."""

import dataclasses
import re
from abc import abstractmethod
from functools import cached_property
from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.space import Choice, SearchSpace, SpaceSettings, Variable
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block, BlockColumns, block_type
from rnas.networks.cost import Costs
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.residual import BASE_CHANNELS, ResidualNetwork
from rnas.networks.residual_cost import ResidualColumns, residual_costs, stage_sizes
from rnas.networks.squeeze_excitation import CONV3X3
from search_spaces import notation

SMALLEST_LAST_MAP = 4
"""Least side of the last stage's maps after the default enlargement of the image."""

Choices = tuple[Choice, ...]


class StagedSettings(SpaceSettings):
    """Set a space of residual networks. A list of one value fixes it, so it is not a variable."""

    stages: int = Field(3, ge=2, le=4)
    """Number of stages."""
    upsample: PositiveInt | None = None
    """Factor by which the network enlarges its image; None takes the least that gives the last stage maps of at least
    4x4 (2 for 8x8 images and three stages, 1 for 32x32).
    """
    depths: tuple[PositiveInt, ...] = Field(tuple(range(1, 29)), min_length=1)
    """Choices for the number of blocks of each stage."""
    widths: tuple[PositiveInt | PositiveFloat, ...] = Field(tuple(range(1, 22)), min_length=1)
    """Choices for the widening of each stage; a stage's planes are its base channels times the widening."""
    base_channels: tuple[PositiveInt, ...] = BASE_CHANNELS
    """Base channels of each stage."""

    @model_validator(mode="after")
    def _check(self) -> "StagedSettings":
        for name, choices in self:
            if isinstance(choices, tuple) and name != "base_channels":
                numbers = [choice for choice in choices if not isinstance(choice, str)]
                if len(set(choices)) != len(choices) or numbers != sorted(numbers):
                    raise ValueError(f"{name} must contain different values, numbers in ascending order")
        # The default has a value for each stage that there can be.
        if len(self.base_channels) < self.stages or self.base_channels not in (
            BASE_CHANNELS,
            self.base_channels[: self.stages],
        ):
            raise ValueError(f"base_channels has {len(self.base_channels)} values for {self.stages} stages")
        for width in self.widths:
            for base in self.base_channels[: self.stages]:
                if width * base != int(width * base):
                    raise ValueError(f"width {width} times {base} base channels is not a whole number")
        return self


class StagedSpace(SearchSpace):
    """Search :class:`ResidualNetwork` over depths and widths of its stages; a subclass adds other variables."""

    Settings: ClassVar[type[SpaceSettings]] = StagedSettings
    settings: StagedSettings

    @cached_property
    def upsample(self) -> int:
        """Return the factor by which the networks of this space enlarge their image."""
        if self.settings.upsample is not None:
            return self.settings.upsample
        factor = 1
        while min(stage_sizes(self.input_shape, factor, self.settings.stages)[-1]) < SMALLEST_LAST_MAP:
            factor += 1
        return factor

    @property
    def stages(self) -> range:
        """Return the numbers of the stages, from 1, as in the variables' names."""
        return range(1, self.settings.stages + 1)

    @property
    def base_channels(self) -> tuple[int, ...]:
        """Return the channels of each stage at widening 1."""
        return self.settings.base_channels[: self.settings.stages]

    @abstractmethod
    def choices(self) -> dict[str, tuple[Choices, bool]]:
        """Return by name, in the genome's order, the choices before narrowing and whether they are ordered."""

    @abstractmethod
    def block_columns(self, genomes: Integers) -> list[BlockColumns]:
        """Return the block of each stage, for canonical genomes (n, v)."""

    @abstractmethod
    def encode_blocks(self, architecture: ResidualNetwork) -> dict[str, Choice]:
        """Return the values of the variables other than depths and widths, without inactive ones."""

    @abstractmethod
    def decode_blocks(self, genome: Integers) -> tuple[Block, ...]:
        """Return the blocks of a canonical genome (v,)."""

    def stage_choices(self) -> dict[str, tuple[Choices, bool]]:
        """Return the choices of the depths and widths, for :meth:`choices`."""
        depths = {f"depth{stage}": (self.settings.depths, True) for stage in self.stages}
        return depths | {f"width{stage}": (self.settings.widths, True) for stage in self.stages}

    def declare(self) -> tuple[Variable, ...]:
        """Declare the variables that have more than one choice."""
        choices = self.choices()
        return tuple(Variable(name, v, ordered) for name, (v, ordered) in choices.items() if len(v) > 1)

    @cached_property
    def columns(self) -> dict[str, int]:
        """Return the column of each variable in the genome."""
        return {variable.name: index for index, variable in enumerate(self.variables)}

    @cached_property
    def allowed(self) -> dict[str, Choices]:
        """Return by name the choices that narrowing leaves; one choice if a value is fixed."""
        named = {variable.name: variable.choices for variable in self.variables}
        return {name: named.get(name, choices) for name, (choices, _) in self.choices().items()}

    def indices(self, genomes: Integers, name: str) -> Integers:
        """Return the index (n,) into ``allowed[name]`` of genomes (n, v); 0 if it is fixed."""
        column = self.columns.get(name)
        return np.zeros(len(genomes), dtype=np.int64) if column is None else genomes[:, column]

    def numbers(self, genomes: Integers, name: str) -> Integers:
        """Return the values (n,) of a variable whose choices are whole numbers."""
        return np.array(self.allowed[name], dtype=np.int64)[self.indices(genomes, name)]

    def depths(self, genomes: Integers) -> Integers:
        """Return the numbers of blocks (n, stages) of each stage."""
        return np.stack([self.numbers(genomes, f"depth{stage}") for stage in self.stages], axis=1)

    def planes(self, genomes: Integers) -> Integers:
        """Return the planes (n, stages) of each stage."""
        columns = []
        for stage, base in zip(self.stages, self.base_channels, strict=True):
            widths = np.array(self.allowed[f"width{stage}"], dtype=np.float64)
            columns.append((widths * base).astype(np.int64)[self.indices(genomes, f"width{stage}")])
        return np.stack(columns, axis=1)

    def stem_widths(self, genomes: Integers) -> Integers:
        """Return the channels (n,) of the stem."""
        return np.full(len(genomes), ResidualNetwork.stem_width, dtype=np.int64)

    def decode(self, genome: Integers) -> ResidualNetwork:
        """Return the network of a genome; a genome that is not canonical is made canonical."""
        genomes = self.canonical(genome[None])
        return ResidualNetwork(
            depths=tuple(self.depths(genomes)[0].tolist()),
            channels=tuple(self.planes(genomes)[0].tolist()),
            blocks=self.decode_blocks(genomes[0]),
            stem_width=int(self.stem_widths(genomes)[0]),
            upsample=self.upsample,
        )

    def encode(self, architecture: Architecture) -> Integers:
        """Return the genome of an architecture; raise InputError if the space does not contain it."""
        if not isinstance(architecture, ResidualNetwork) or len(architecture.depths) != self.settings.stages:
            raise InputError(f"space {self.name!r} contains residual networks of {self.settings.stages} stages")
        values: dict[str, Choice] = {}
        for stage, base, depth, planes in zip(
            self.stages, self.base_channels, architecture.depths, architecture.channels, strict=True
        ):
            values |= {f"depth{stage}": depth, f"width{stage}": planes / base}
        genome = np.zeros(len(self.variables), dtype=np.int64)
        for name, value in (values | self.encode_blocks(architecture)).items():
            if value not in self.allowed[name]:
                known = ", ".join(map(str, self.allowed[name]))
                shown = int(value) if isinstance(value, float) and value.is_integer() else value
                raise InputError(f"space {self.name!r} does not contain {name} {shown}; it contains {known}")
            if name in self.columns:
                genome[self.columns[name]] = self.allowed[name].index(value)
        genome[:] = self.canonical(genome[None])[0]
        held = self.decode(genome)
        if not self._same_network(held, architecture):
            raise InputError(
                f"space {self.name!r} lacks {arch.to_json(architecture)}; the nearest is {arch.to_json(held)}"
            )
        return genome

    def _same_network(self, one: ResidualNetwork, other: ResidualNetwork) -> bool:
        """Return whether two descriptions differ at most in reductions that give the same hidden units."""
        if one == other:
            return True
        alike = [dataclasses.replace(a, blocks=tuple(map(_without_reduction, a.blocks))) for a in (one, other)]
        costs = [a.cost(self.input_shape, self.num_classes) for a in (one, other)]
        return alike[0] == alike[1] and costs[0] == costs[1]

    def cost(self, genomes: Integers) -> Costs:
        """Return the cost of genomes (n, v)."""
        genomes = self.canonical(genomes)
        blocks = self.block_columns(genomes)
        networks = ResidualColumns(
            depths=self.depths(genomes),
            channels=self.planes(genomes),
            blocks=blocks,
            stem_width=self.stem_widths(genomes),
            head_activation=blocks[-1].activation,
        )
        return residual_costs(networks, self.input_shape, self.upsample, self.num_classes)

    def features(self, genomes: Integers) -> Floats:
        """Return the features of genomes (n, v).

        An unordered variable has one column for each choice, an ordered one has a column with its scaled logarithm; all
        of them are 0 if the variable is inactive. The other columns decide much of the robustness of these networks:
        log FLOPs and log params over the range of the bands, each stage's share of the depth and of the width, and the
        depth's share of depth and width together.
        """
        genomes = self.canonical(genomes)
        active = self.active_variables(genomes)
        columns: list[Floats] = []
        for index, variable in enumerate(self.variables):
            values = genomes[:, index]
            if variable.ordered:
                logs = np.log(np.array(variable.choices, dtype=np.float64))
                columns.append(_scaled(logs[values], logs.min(), logs.max()) * active[:, index])
            else:
                columns.extend((values == choice) & active[:, index] for choice in range(len(variable.choices)))
        costs = self.cost(genomes)
        for quantity, (low, high) in (("flops", self.flops_range), ("params", self.params_range)):
            columns.append(_scaled(np.log(getattr(costs, quantity)), np.log(low), np.log(high)))
        depths = self.depths(genomes)
        widths = self.planes(genomes) / np.array(self.base_channels)
        total_depth, total_width = depths.sum(axis=1), widths.sum(axis=1)
        columns.extend((depths / total_depth[:, None]).T)
        columns.extend((widths / total_width[:, None]).T)
        columns.append(total_depth / (total_depth + total_width))
        return np.stack(columns, axis=1).astype(np.float64)

    @property
    def widths(self) -> tuple[str, ...]:
        """Return the names of the variables of width."""
        return ("stem_width", *(f"width{stage}" for stage in self.stages))

    def shared_name(self, architecture: Architecture, name: str) -> str:
        """Return the name of the shared tensor of a parameter.

        Blocks of one topology and one order share their weights: leading channels, and the centre of a larger kernel.
        A network with fewer blocks in a stage skips the last ones.
        """
        found = re.fullmatch(r"blocks\.(\d+)\.(.+)", name)
        if found is None:
            return name
        assert isinstance(architecture, ResidualNetwork)
        block = architecture.stage_blocks[int(found[1])]
        return f"blocks.{found[1]}.{block.topology}-{block.order}.{found[2]}"

    def largest(self) -> list[Architecture]:
        """Return the deepest and widest networks of every kind of block."""
        networks: dict[Architecture, None] = {}
        for own in self._block_suffixes:
            chunks = self._choosing([f"scales{own}", f"cardinality{own}"])
            between = [
                chunk | gate
                for chunk in chunks
                for gate in self._choosing([f"squeeze_excitation{own}"])
                if self.allowed.get(f"squeeze_excitation{own}", ("",))[gate.get(f"squeeze_excitation{own}", 0)]
                == CONV3X3
            ]
            names = (f"squeeze_excitation{own}", f"activation{own}", f"normalization{own}")
            others = [place for name in names for place in self._choosing([name])]
            # Where stem and first stage are equally wide, the first block has no convolution in its shortcut.
            narrower = [
                {name: len(self.allowed[name]) - 2}
                for name in ("stem_width", "width1")
                if len(self.allowed.get(name, ())) > 1
            ]
            varied = [*others, *narrower]
            # The first of the chunks may be a bottleneck, whose tensors are its own.
            for kind in self._choosing([f"topology{own}", f"order{own}"]):
                for variant in (*chunks, *between, *(base | one for base in ({}, chunks[0]) for one in varied)):
                    networks[self._largest_with({**kind, **variant})] = None
        return list(networks)

    def _choosing(self, names: list[str]) -> list[dict[str, int]]:
        """Return all combinations of places of the choices of some names, of which those that do not exist are left
        out.
        """
        held = [name for name in names if name in self.allowed]
        places = product(*(range(len(self.allowed[name])) for name in held))
        return [dict(zip(held, chosen, strict=True)) for chosen in places]

    @property
    def _block_suffixes(self) -> list[str]:
        """Return the endings of the names of block variables, one for each block that a network describes."""
        return sorted({name.removeprefix("topology") for name in self.allowed if name.startswith("topology")}) or [""]

    def _largest_with(self, chosen: dict[str, int]) -> Architecture:
        """Return the largest network with some choices, given by their places, whose other stages are the widest."""
        places = {}
        for name, choices in self.allowed.items():
            # A RobustResBlock of one chunk and one group would be a bottleneck.
            if name.startswith(("depth", "width", "stem_width", "kernel_size", "scales", "cardinality")):
                places[name] = len(choices) - 1
            elif name.startswith("topology"):
                widths = [block_type(str(choice)).out_channels(1) for choice in choices]
                places[name] = widths.index(max(widths))
            elif name.startswith("normalization"):
                # An instance normalisation has no weights.
                places[name] = next((i for i, choice in enumerate(choices) if NORMALIZATIONS[str(choice)].params), 0)
            else:
                places[name] = 0
        places |= chosen
        genome = np.zeros(len(self.variables), dtype=np.int64)
        for name, column in self.columns.items():
            genome[column] = places[name]
        return self.decode(genome)

    def active_variables(self, genomes: Integers) -> NDArray[np.bool_]:
        """Return which variables (n, v) of canonical genomes change the network."""
        return np.ones(genomes.shape, dtype=bool)

    def active(self, genome: Integers) -> NDArray[np.bool_]:
        """Return which variables (v,) of a canonical genome change the network."""
        active: NDArray[np.bool_] = self.active_variables(genome[None])[0]
        return active

    def parse(self, text: str) -> Architecture:
        """Parse JSON, or the notation of :mod:`search_spaces.notation`."""
        if text.lstrip().startswith("{"):
            return super().parse(text)
        return notation.parse(text, self.base_channels, self.upsample)


def _without_reduction(block: Block) -> Block:
    return dataclasses.replace(block, reduction=Block.reduction)


def _scaled(values: Floats, low: float, high: float) -> Floats:
    """Scale from [low, high] to [0, 1]; return 0 if the range is one point."""
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
