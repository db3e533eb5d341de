"""Encode the variables of a residual block as columns of genomes, and find combinations that mean the same block."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.space import Choice
from rnas.networks.activations import ACTIVATIONS
from rnas.networks.block import PRE, PRE_FIELDS, Block, BlockColumns, BlockType, block_type
from rnas.networks.blocks.robust_res_block import balanced_base_width
from rnas.networks.normalization import NORMALIZATIONS, runs_on
from rnas.networks.squeeze_excitation import IDENTITY, NONE, PLACEMENTS, hidden_units

BLOCK_VARIABLES = (
    "topology",
    "order",
    "first_input",
    "kernel_size",
    "cardinality",
    "scales",
    "squeeze_excitation",
    "reduction",
    "activation",
    "normalization",
)
"""Fields of a block that are variables, in the genome's order; scales and cardinality determine its base width."""

ORDERED = frozenset({"kernel_size", "cardinality", "scales", "reduction"})


@dataclass(frozen=True, eq=False)
class BlockVariables:
    """Describe the block variables of one stage, or of all stages if they share their block.

    Attributes:
        choices: choices for each of :data:`BLOCK_VARIABLES`.
        columns: columns of the genome for the variables; the other fields have one choice.
        smallest_map: (height, width) of the smallest maps that the block computes.
    """

    choices: Mapping[str, tuple[Choice, ...]]
    columns: Mapping[str, int]
    smallest_map: tuple[int, int]

    def indices(self, genomes: Integers, name: str) -> Integers:
        """Return the index (n,) into ``choices[name]`` of genomes (n, v)."""
        column = self.columns.get(name)
        return np.zeros(len(genomes), dtype=np.int64) if column is None else genomes[:, column]

    def canonicalize(self, genomes: Integers) -> None:
        """Make genomes (n, v) canonical in place, as far as the block alone decides it."""
        self._assign(genomes, "normalization", self._normalizations[self.indices(genomes, "normalization")])
        for index, special, values in self._special_cases:
            same = self.indices(genomes, "topology") == index
            for name, value in values.items():
                same &= self._numbers(genomes, name) == value
            self._assign(genomes, "topology", np.where(same, special, self.indices(genomes, "topology")))
        pair = self.indices(genomes, "topology"), self.indices(genomes, "squeeze_excitation")
        self._assign(genomes, "squeeze_excitation", self._placements[pair])
        for name, active in self.active(genomes).items():
            self._assign(genomes, name, self.indices(genomes, name) * active)

    def active(self, genomes: Integers) -> dict[str, NDArray[np.bool_]]:
        """Return for each field except the topology, whether (n,) it changes the block of canonical genomes."""
        topology = self.indices(genomes, "topology")
        pre = self._columns_of("order", PRE)[self.indices(genomes, "order")]
        gated = ~self._columns_of("squeeze_excitation", NONE)[self.indices(genomes, "squeeze_excitation")]
        active = {}
        for name in BLOCK_VARIABLES[1:]:
            mask = np.array([name in kind.fields for kind in self.types])[topology]
            if name in PRE_FIELDS:
                mask = mask & pre
            if name == "reduction":
                mask = mask & gated
            active[name] = mask
        return active

    def merge_reductions(self, genomes: Integers, depths: Integers, inputs: Integers, outputs: Integers) -> None:
        """Replace reductions that give the same hidden units as an earlier choice by that choice, in place.

        Args:
            genomes: (n, v), canonical in everything else.
            depths: numbers of blocks (n, s) of the stages that have this block.
            inputs: input channels (n, s) of each of these stages.
            outputs: output channels (n, s) of each of these stages.
        """
        if "reduction" not in self.columns:
            return
        identity = self._columns_of("squeeze_excitation", IDENTITY)[self.indices(genomes, "squeeze_excitation")]
        first = np.where(identity[:, None], inputs, outputs)
        channels: Integers = np.concatenate([first, np.where(depths > 1, outputs, first)], axis=1)
        index = self.indices(genomes, "reduction")
        hidden = hidden_units(channels, self._numbers(genomes, "reduction")[:, None])
        for earlier in reversed(range(len(self.choices["reduction"]))):
            reduction = np.array(self.choices["reduction"], dtype=np.int64)[earlier : earlier + 1]
            same = (hidden_units(channels, reduction) == hidden).all(axis=1)
            index = np.where(same, np.minimum(index, earlier), index)
        self._assign(genomes, "reduction", index)

    def block_columns(self, genomes: Integers) -> BlockColumns:
        """Return the blocks of canonical genomes (n, v)."""
        activation = np.array([ACTIVATIONS[str(choice)].params for choice in self.choices["activation"]])
        normalization = np.array([NORMALIZATIONS[str(choice)].params for choice in self.choices["normalization"]])
        placement = np.array([PLACEMENTS.index(str(choice)) for choice in self.choices["squeeze_excitation"]])
        return BlockColumns(
            types=self.types,
            topology=self.indices(genomes, "topology"),
            pre=self._columns_of("order", PRE)[self.indices(genomes, "order")],
            normalization=normalization[self.indices(genomes, "normalization")],
            activation=activation[self.indices(genomes, "activation")],
            kernel_size=self._numbers(genomes, "kernel_size"),
            cardinality=self._numbers(genomes, "cardinality"),
            scales=self._numbers(genomes, "scales"),
            base_width=self._numbers(genomes, "base_width"),
            squeeze_excitation=placement[self.indices(genomes, "squeeze_excitation")],
            reduction=self._numbers(genomes, "reduction"),
        )

    def decode(self, genome: Integers) -> Block:
        """Return the block of a canonical genome (v,)."""
        genomes = genome[None]
        fields = {name: self.choices[name][self.indices(genomes, name)[0]] for name in BLOCK_VARIABLES}
        active = {name for name, mask in self.active(genomes).items() if mask[0]} | {"topology"}
        base_width = int(self._numbers(genomes, "base_width")[0])
        return Block(**{name: value for name, value in fields.items() if name in active}, base_width=base_width)

    def encode(self, block: Block) -> dict[str, Choice]:
        """Return the values of the variables that the block reads."""
        values = {name: getattr(block, name) for name in BLOCK_VARIABLES if block.reads(name)}
        if block.topology not in self.choices["topology"]:
            for topology, kind in zip(self.choices["topology"], self.types, strict=True):
                special = kind.special_cases.get(block.topology, {})
                values |= {name: value for name, value in special.items() if name in BLOCK_VARIABLES}
                values["topology"] = topology if special else values["topology"]
        return values

    @cached_property
    def types(self) -> tuple[BlockType, ...]:
        """Return the block types of the topologies."""
        return tuple(block_type(str(topology)) for topology in self.choices["topology"])

    def _assign(self, genomes: Integers, name: str, indices: Integers) -> None:
        if name in self.columns:
            genomes[:, self.columns[name]] = indices

    def _columns_of(self, name: str, choice: Choice) -> NDArray[np.bool_]:
        return np.array([value == choice for value in self.choices[name]])

    def _numbers(self, genomes: Integers, name: str) -> Integers:
        if name == "base_width":
            pair = self.indices(genomes, "scales"), self.indices(genomes, "cardinality")
            return self._base_widths[pair]
        return np.array(self.choices[name], dtype=np.int64)[self.indices(genomes, name)]

    @cached_property
    def _base_widths(self) -> Integers:
        scales, cardinalities = self.choices["scales"], self.choices["cardinality"]
        table = [[balanced_base_width(int(s), int(c)) for c in cardinalities] for s in scales]
        return np.array(table, dtype=np.int64)

    @cached_property
    def _special_cases(self) -> list[tuple[int, int, Mapping[str, int]]]:
        """Return (index of a topology, index of the one that it equals at some values, those values)."""
        topologies = self.choices["topology"]
        return [
            (index, topologies.index(special), values)
            for index, kind in enumerate(self.types)
            for special, values in kind.special_cases.items()
            if special in topologies
        ]

    @cached_property
    def _normalizations(self) -> Integers:
        """Return each normalisation's own index, or that of the first that can run."""
        choices = self.choices["normalization"]
        table = _first_possible([runs_on(str(choice), self.smallest_map) for choice in choices])
        if table is None:
            raise InputError("instance normalization cannot run on maps of 1x1: allow another choice or set upsample")
        return table

    @cached_property
    def _placements(self) -> Integers:
        """Return for each topology (rows) and place of the gate, its own index or the first place of the block."""
        choices = self.choices["squeeze_excitation"]
        tables = []
        for topology, kind in zip(self.choices["topology"], self.types, strict=True):
            table = _first_possible([choice in kind.placements for choice in choices])
            if table is None:
                named = ", ".join(map(str, choices))
                raise InputError(
                    f"{topology} has no place for squeeze_excitation {named}: "
                    f"allow one of {', '.join(kind.placements)}, or leave {topology} out"
                )
            tables.append(table)
        return np.stack(tables)


def _first_possible(possible: list[bool]) -> Integers | None:
    """Return for each choice its own index if it is possible, else that of the first possible one, or None."""
    if not any(possible):
        return None
    return np.where(possible, np.arange(len(possible)), possible.index(True))
