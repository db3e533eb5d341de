"""Describe residual blocks as data, and define the contract of a block type."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from rnas import registry
from rnas._typing import Integers
from rnas.errors import InputError
from rnas.networks._bounds import MOST_CHANNELS, require_positive
from rnas.networks.activations import ACTIVATIONS
from rnas.networks.cost import Costs
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.squeeze_excitation import NONE, PLACEMENTS
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from rnas.networks.modules import residual_block as modules
else:
    modules = LazyModule("rnas.networks.modules.residual_block")

PRE, POST = "pre", "post"
RAW, ACTIVATED = "raw", "activated"

_CHOICES = {
    "activation": tuple(ACTIVATIONS),
    "normalization": tuple(NORMALIZATIONS),
    "order": (PRE, POST),
    "first_input": (RAW, ACTIVATED),
    "squeeze_excitation": PLACEMENTS,
    "equal_width_shortcut": (ACTIVATED, RAW),
}
_MOST = {
    "kernel_size": 101,
    "cardinality": MOST_CHANNELS,
    "scales": 64,
    "base_width": MOST_CHANNELS,
    "reduction": MOST_CHANNELS,
}

COMMON_FIELDS = frozenset(
    {"activation", "normalization", "order", "kernel_size", "squeeze_excitation", "reduction"},
)
"""The fields that every block type of rnas reads."""

PRE_FIELDS = frozenset({"first_input", "equal_width_shortcut"})
"""The fields that matter only with pre-activation."""


Count = TypeVar("Count", int, Integers)


@dataclass(frozen=True)
class Block:
    """Describe the block that one stage, or all stages, repeat. ``Block()`` is the basic block of a WideResNet.

    A field that the topology does not read is set to its default, and a block that is a special case of another
    topology gets that topology's name. So every block has exactly one description. A value outside the lists below
    raises InputError.

    Attributes:
        topology: name of a block type (entry points ``rnas.blocks``).
        activation: a name from :data:`rnas.networks.ACTIVATIONS`.
        normalization: a name from :data:`rnas.networks.NORMALIZATIONS`.
        order: ``pre``, normalise and activate before each convolution, or ``post``, after it.
        first_input: input of the first convolution of a bottleneck or RobustResBlock with pre-activation: ``raw``, the
            block's input, as in the released code of the RobustResNets, or ``activated``, as in their paper's text.
            With ``raw`` the first normalisation serves only the convolution of the shortcut.
        kernel_size: odd side of the spatial convolutions.
        cardinality: groups of the spatial convolution (RobustResBlock).
        scales: chunks of the hierarchical convolution (RobustResBlock).
        base_width: channels per group in 160ths of the planes (RobustResBlock).
        squeeze_excitation: a name from :data:`rnas.networks.PLACEMENTS`.
        reduction: divisor of the channels that gives the number of the gate's hidden units, at least one.
        equal_width_shortcut: input of the shortcut's convolution in a basic block with pre-activation that halves the
            resolution between equal widths: ``activated`` as in the RobustResNets, or ``raw`` as in the WideResNets of
            Huang et al. (NeurIPS 2021).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    topology: str = "basic"
    activation: str = "relu"
    normalization: str = "batch"
    order: str = PRE
    first_input: str = RAW
    kernel_size: int = 3
    cardinality: int = 1
    scales: int = 1
    base_width: int = 160
    squeeze_excitation: str = NONE
    reduction: int = 16
    equal_width_shortcut: str = ACTIVATED

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(f"block: {name} is {getattr(self, name)!r}; write one of {', '.join(choices)}")
        for name, most in _MOST.items():
            require_positive("block", name, getattr(self, name), most)
        if self.kernel_size % 2 == 0:
            raise InputError(f"block: kernel_size is {self.kernel_size}; write an odd number")
        for topology, settings in self.type.special_cases.items():
            if all(getattr(self, name) == value for name, value in settings.items()):
                object.__setattr__(self, "topology", topology)
        if self.squeeze_excitation not in self.type.placements:
            raise InputError(
                f"block: {self.topology} has no place for squeeze_excitation {self.squeeze_excitation!r}; "
                f"write one of {', '.join(self.type.placements)}"
            )
        for field in dataclasses.fields(self):
            if not self.reads(field.name):
                object.__setattr__(self, field.name, field.default)

    def require(self, given: Mapping[str, Any]) -> None:
        """Raise InputError if the block lacks a value that was given, because its topology has no use for it.

        Args:
            given: values by field.
        """
        for name, value in given.items():
            if name != "topology" and getattr(self, name) != value:
                raise InputError(f"block: {self.topology} has no {name} here; leave it out")

    def reads(self, name: str) -> bool:
        """Return whether a field changes the block, given the other fields."""
        if name == "topology":
            return True
        if name == "reduction" and self.squeeze_excitation == NONE:
            return False
        return name in self.type.fields and (self.order == PRE or name not in PRE_FIELDS)

    def hides(self, name: str) -> bool:
        """Return whether another value of a field, apart from the activation, can have weights of the same names."""
        if name == "normalization":
            return self.normalization != "batch" and NORMALIZATIONS[self.normalization].params > 0
        if name == "squeeze_excitation":
            return self.squeeze_excitation != NONE
        if name == "order":
            return NORMALIZATIONS[self.normalization].params == 0
        return name in PRE_FIELDS and self.reads(name)

    @property
    def style(self) -> "modules.BlockStyle":
        """Return what the block's modules need to know apart from their convolutions."""
        return modules.BlockStyle(
            ACTIVATIONS[self.activation].make,
            NORMALIZATIONS[self.normalization].make,
            self.order == PRE,
            self.kernel_size,
            self.squeeze_excitation,
            self.reduction,
        )

    @property
    def type(self) -> "BlockType":
        """Return the block type of this topology; raise InputError if no block has that name."""
        return block_type(self.topology)


def block_type(topology: str) -> "BlockType":
    """Return the block type registered under a topology's name; raise InputError if no block has it."""
    found: BlockType = registry.load(registry.BLOCKS, topology)
    return found


@dataclass(frozen=True)
class BlockColumns:
    """Hold many blocks, with one field per column (n,), for the closed-form cost.

    Attributes:
        types: the block types; ``topology`` is the index of each block's type.
        pre: whether the order is pre-activation.
        normalization: parameters per channel of the normalisation.
        activation: parameters of the activation.
        squeeze_excitation: index into :data:`rnas.networks.PLACEMENTS`.
    """

    types: tuple["BlockType", ...]
    topology: Integers
    pre: NDArray[np.bool_]
    normalization: Integers
    activation: Integers
    kernel_size: Integers
    cardinality: Integers
    scales: Integers
    base_width: Integers
    squeeze_excitation: Integers
    reduction: Integers

    @staticmethod
    def of(block: Block, count: int = 1) -> "BlockColumns":
        """Return the columns of ``count`` such blocks."""

        def column(value: int) -> Integers:
            return np.full(count, value, dtype=np.int64)

        return BlockColumns(
            types=(block.type,),
            topology=column(0),
            pre=np.full(count, block.order == PRE),
            normalization=column(NORMALIZATIONS[block.normalization].params),
            activation=column(ACTIVATIONS[block.activation].params),
            kernel_size=column(block.kernel_size),
            cardinality=column(block.cardinality),
            scales=column(block.scales),
            base_width=column(block.base_width),
            squeeze_excitation=column(PLACEMENTS.index(block.squeeze_excitation)),
            reduction=column(block.reduction),
        )

    def __getitem__(self, rows: Any) -> "BlockColumns":
        """Return the blocks of some rows (an index array, a mask or a slice)."""
        columns = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return BlockColumns(**{k: v if k == "types" else v[rows] for k, v in columns.items()})


@dataclass(frozen=True)
class Place:
    """Hold the position of many blocks in their networks.

    Attributes:
        in_channels: channels (n,) of the block's input.
        planes: the stage's nominal channels (n,).
        stride: 1 or 2.
        in_positions: height times width of the block's input.
        positions: height times width of the block's output.
    """

    in_channels: Integers
    planes: Integers
    stride: int
    in_positions: int
    positions: int


class BlockType(ABC):
    """Define one block topology: how it is built and what it costs.

    An instance is registered under ``rnas.blocks``. Its test is :class:`rnas.testing.BlockConformance`.

    Attributes:
        fields: the fields of :class:`Block` that it reads, without ``topology``.
        placements: possible places of squeeze-and-excitation.
        expansion: output channels per plane.
        special_cases: other block types, each with the values of fields at which this block equals it.
    """

    fields: ClassVar[frozenset[str]] = COMMON_FIELDS
    placements: ClassVar[tuple[str, ...]] = PLACEMENTS
    expansion: ClassVar[int] = 1
    special_cases: ClassVar[Mapping[str, Mapping[str, int]]] = {}

    def out_channels(self, planes: Count) -> Count:
        """Return the number of output channels of a block with these planes."""
        return planes * self.expansion

    @abstractmethod
    def constructor(self, block: Block) -> "modules.BlockConstructor":
        """Return a function that makes modules of this block.

        A module maps (N, in_channels, H, W) to (N, out_channels, ceil(H / stride), ...). The export format
        ``standalone`` supports a class, a function, or a ``functools.partial`` of one of them with plain values and a
        :class:`BlockStyle`.
        """

    @abstractmethod
    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        """Return the exact costs (n,), int64, of the modules that ``constructor`` makes for these blocks and places.

        n may be 0, and the costs are then empty: a space asks for the cost of a block that none of its genomes has.
        Columns of fields that the type does not read may have any value.
        """
