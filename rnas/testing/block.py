"""Test block types for conformance: inherit the class in a test module and name the block type."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnas._typing import Integers
from rnas.networks.activations import ACTIVATIONS
from rnas.networks.block import ACTIVATED, POST, PRE, RAW, Block, BlockColumns, BlockType, Place, block_type
from rnas.networks.cost import Costs
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.normalization import NORMALIZATIONS
from rnas.networks.squeeze_excitation import NONE, PLACEMENTS

_FIELDS = tuple(field.name for field in dataclasses.fields(Block) if field.name != "topology")
_PAIRS = 100
_SIZES = ((6, 8), (7, 5), (9, 9))


class BlockConformance:
    """Test what every block type must do. A subclass overrides :meth:`block`.

    :class:`rnas.testing.ArchitectureConformance` tests that a whole network of such blocks trains.

    Attributes:
        rows: number of blocks whose closed form is computed at once, for each stride and size of the input.
    """

    rows: int = 10

    def block(self) -> BlockType | str:
        """Return the block type, or its registered name."""
        raise NotImplementedError

    def test_it_names_what_there_is(self) -> None:
        """Test that its fields are those of a block, its placements known, and squeeze-and-excitation optional."""
        kind = self._kind()
        assert isinstance(kind, BlockType)
        assert kind.fields <= set(_FIELDS)
        assert NONE in kind.placements
        assert set(kind.placements) <= set(PLACEMENTS)

    def test_cost_is_that_of_the_built_block(self) -> None:
        """Test the cost of many random blocks at once, at both strides, on even and odd maps."""
        kind = self._kind()
        described = _description(kind)
        rng = np.random.default_rng(0)
        for stride in (1, 2):
            for size in _SIZES:
                blocks = [described(**_values(kind, rng)) for _ in range(self.rows)]
                planes, others = rng.integers(1, 33, (2, self.rows))
                in_channels = np.where(rng.random(self.rows) < 0.5, kind.out_channels(planes), others)
                costs = kind.cost(_columns(blocks), _place(in_channels, planes, stride, size))
                for row, block in enumerate(blocks):
                    module = _built(kind, block, int(in_channels[row]), int(planes[row]), stride)
                    built = measured_cost(module, (int(in_channels[row]), *size))
                    assert (costs.params[row], costs.flops[row]) == (built.params, built.flops), block
                _require_exact(costs, self.rows)

    def test_no_blocks_have_no_costs(self) -> None:
        """Test that empty columns give empty costs: a space asks this if no network of a batch has such a block."""
        kind = self._kind()
        none = np.empty(0, dtype=np.int64)
        columns = _columns([_description(kind)()])[none]
        for stride in (1, 2):
            _require_exact(kind.cost(columns, _place(none, none, stride, (7, 5))), 0)

    def test_output_has_the_stated_shape_and_gradients(self) -> None:
        """Test it in both modes, and that in eval mode one image's output does not depend on the others."""
        kind = self._kind()
        described = _description(kind)
        rng = np.random.default_rng(1)
        for stride in (1, 2):
            for height, width in _SIZES:
                planes = int(rng.integers(4, 17))
                module = _built(kind, described(**_values(kind, rng)), 5, planes, stride)
                shape = kind.out_channels(planes), -(-height // stride), -(-width // stride)
                images = _images(5, (height, width)).requires_grad_(True)
                for training in (True, False):
                    images.grad = None
                    output = module.train(training)(images)
                    assert output.shape == (len(images), *shape)
                    # The sum would be the same for all outputs that are normalised last.
                    torch.autograd.backward(output.square().sum())
                    assert images.grad is not None
                    assert images.grad.isfinite().all()
                    assert images.grad.any()
                with torch.no_grad():
                    alone = torch.cat([module(image[None]) for image in images])
                torch.testing.assert_close(alone, output.detach(), rtol=1e-4, atol=1e-4)

    def test_output_channels_of_one_stage_are_those_of_many(self) -> None:
        """Test that the result is the same if the planes are a number or an array."""
        kind = self._kind()
        planes: Integers = np.arange(1, 40)
        assert kind.out_channels(planes).tolist() == [kind.out_channels(count) for count in planes.tolist()]

    def test_fields_that_it_names_change_it(self) -> None:
        """Test that for each field, blocks that differ only in it can differ in what they compute."""
        kind = self._kind()
        for field in kind.fields:
            assert _changes(kind, field), f"{field} changes nothing: leave it out of fields"

    def test_fields_that_it_does_not_name_change_nothing(self) -> None:
        """Test that other fields change neither the network nor its cost; a description keeps their defaults."""
        kind = self._kind()
        rng = np.random.default_rng(3)
        others = [field for field in _FIELDS if field not in kind.fields]
        default = Block()
        defaults: dict[str, Any] = {field: getattr(default, field) for field in others}
        described = _unreduced(kind)
        given = [described(**_values(kind, rng)) for _ in range(self.rows)]
        reset = [dataclasses.replace(block, **defaults) for block in given]
        planes = rng.integers(4, 33, self.rows)
        for stride in (1, 2):
            place = _place(planes, planes, stride, (7, 5))
            _require_equal(kind.cost(_columns(given), place), kind.cost(_columns(reset), place))
        for block, same in zip(given, reset, strict=True):
            for in_channels, stride in ((8, 1), (kind.out_channels(8), 2)):
                computed = [_computed(kind, description, in_channels, 8, stride) for description in (block, same)]
                assert torch.equal(*computed), f"some of {others} have an effect on {block}"

    def test_special_cases_cost_what_the_other_type_costs(self) -> None:
        """Test that special cases cost the same as the other type, whose name a description has for them."""
        kind = self._kind()
        rng = np.random.default_rng(4)
        planes = rng.integers(1, 33, self.rows)
        for topology, settings in kind.special_cases.items():
            other = block_type(topology)
            assert settings.keys() <= kind.fields
            assert (kind.out_channels(planes) == other.out_channels(planes)).all()
            described = _description(kind)
            columns = _columns([described(**{**_values(kind, rng), **settings}) for _ in range(self.rows)])
            for stride in (1, 2):
                place = _place(planes, planes, stride, (7, 5))
                _require_equal(kind.cost(columns, place), other.cost(columns, place))

    def _kind(self) -> BlockType:
        chosen = self.block()
        return block_type(chosen) if isinstance(chosen, str) else chosen


def _description(kind: BlockType) -> type[Block]:
    """Return a class of blocks of a type, which need not be registered."""

    class Description(Block):
        @property
        def type(self) -> BlockType:
            return kind

    return Description


def _unreduced(kind: BlockType) -> type[Block]:
    """Return a class of blocks that keep every field, even those that the type does not read."""

    class Unreduced(_description(kind)):  # type: ignore[misc]
        def reads(self, name: str) -> bool:
            return True

    return Unreduced


def _choices(kind: BlockType) -> Mapping[str, Sequence[str | int]]:
    """Return the values of every field of a block."""
    return {
        "activation": tuple(ACTIVATIONS),
        "normalization": tuple(NORMALIZATIONS),
        "order": (PRE, POST),
        "first_input": (RAW, ACTIVATED),
        "kernel_size": (1, 3, 5, 7),
        "cardinality": (1, 2, 3, 4, 8),
        "scales": (1, 2, 3, 4, 8),
        "base_width": range(1, 201),
        "squeeze_excitation": kind.placements,
        "reduction": (1, 3, 16, 64),
        "equal_width_shortcut": (ACTIVATED, RAW),
    }


def _values(kind: BlockType, rng: np.random.Generator) -> dict[str, Any]:
    """Draw a random value of every field of a block."""
    return {field: choices[int(rng.integers(len(choices)))] for field, choices in _choices(kind).items()}


def _columns(blocks: Sequence[Block]) -> BlockColumns:
    """Return the columns (n,) of n blocks of one type."""
    rows = [BlockColumns.of(block) for block in blocks]
    fields = [field.name for field in dataclasses.fields(BlockColumns) if field.name != "types"]
    columns = {field: np.concatenate([getattr(row, field) for row in rows]) for field in fields}
    return BlockColumns(types=rows[0].types, **columns)


def _place(in_channels: Integers, planes: Integers, stride: int, size: tuple[int, int]) -> Place:
    height, width = size
    return Place(in_channels, planes, stride, height * width, -(-height // stride) * -(-width // stride))


def _built(kind: BlockType, block: Block, in_channels: int, planes: int, stride: int) -> nn.Module:
    """Return the block with the initial weights of one seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind.constructor(block)(in_channels, planes, stride)


def _computed(kind: BlockType, block: Block, in_channels: int, planes: int, stride: int) -> Tensor:
    """Return the output of the block for one batch in training mode."""
    with torch.no_grad():
        output: Tensor = _built(kind, block, in_channels, planes, stride).train()(_images(in_channels))
    return output


def _images(channels: int, size: tuple[int, int] = (7, 5)) -> Tensor:
    return torch.randn((4, channels, *size), generator=torch.Generator().manual_seed(0))


def _changes(kind: BlockType, field: str) -> bool:
    """Return whether any of many pairs of blocks that differ only in the field compute different outputs."""
    rng = np.random.default_rng(2)
    described = _description(kind)
    for _ in range(_PAIRS):
        one = described(**_values(kind, rng))
        other = dataclasses.replace(one, **{field: _values(kind, rng)[field]})
        stride, planes = int(rng.integers(1, 3)), 16
        in_channels = int(rng.choice([planes, kind.out_channels(planes), 12]))
        if one != other:
            computed = [_computed(kind, block, in_channels, planes, stride) for block in (one, other)]
            if not torch.equal(*computed):
                return True
    return False


def _require_exact(costs: Costs, rows: int) -> None:
    for column in (costs.params, costs.flops):
        assert column.dtype == np.int64
        assert column.shape == (rows,)


def _require_equal(one: Costs, other: Costs) -> None:
    assert (one.params == other.params).all()
    assert (one.flops == other.flops).all()
