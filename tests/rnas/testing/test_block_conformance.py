"""The conformance test of block types finds what is wrong with one."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
from torch import nn

from rnas.networks.block import Block, BlockColumns, BlockType, Count, Place
from rnas.networks.blocks.basic import Basic
from rnas.networks.blocks.robust_res_block import RobustRes
from rnas.networks.cost import Costs
from rnas.networks.layer_cost import parameters
from rnas.networks.modules.residual_block import BlockConstructor
from rnas.networks.squeeze_excitation import PLACEMENTS
from rnas.testing.block import BlockConformance


class RoundsOddMapsDown(Basic):
    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        positions = place.in_positions // place.stride**2
        return super().cost(blocks, Place(place.in_channels, place.planes, place.stride, place.in_positions, positions))


class ReadsTheFirstRow(Basic):
    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        return super().cost(blocks[[0] * len(blocks.pre)], place)


class ForgetsTheActivation(Basic):
    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        return super().cost(blocks, place) + parameters(-blocks.activation)


class NeedsRows(Basic):
    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        return super().cost(blocks, place) * int(blocks.kernel_size.max() > 0)


class CostsFractions(Basic):
    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        costs = super().cost(blocks, place)
        return Costs(costs.params, costs.flops / 1)


class MisstatesItsOutput(Basic):
    def out_channels(self, planes: Count) -> Count:
        return planes * 2


class NamesTooMuch(Basic):
    fields = Basic.fields | {"cardinality"}


class NamesTooLittle(Basic):
    fields = Basic.fields - {"equal_width_shortcut"}


class CostsWhatItDoesNotRead(Basic):
    def cost(self, blocks: BlockColumns, place: Place) -> Costs:
        return super().cost(blocks, place) * blocks.cardinality


class NamesNoField(Basic):
    fields = Basic.fields | {"colour"}


class NamesNoPlacement(Basic):
    placements = (*PLACEMENTS, "everywhere")


class MistakesItself(RobustRes):
    special_cases: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "bottleneck": {"scales": 1, "cardinality": 1, "base_width": 100}
    }


class EndsInZeros(Basic):
    def constructor(self, block: Block) -> BlockConstructor:
        made = super().constructor(block)
        return lambda *sizes: nn.Sequential(made(*sizes), nn.Threshold(float("inf"), 0.0))


class DependsOnTheBatch(Basic):
    def constructor(self, block: Block) -> BlockConstructor:
        made = super().constructor(block)

        def normalized(in_channels: int, planes: int, stride: int) -> nn.Module:
            first = nn.BatchNorm2d(in_channels, affine=False, track_running_stats=False)
            return nn.Sequential(first, made(in_channels, planes, stride))

        return normalized


def check(kind: BlockType, finding: str) -> None:
    class OfTheBlock(BlockConformance):
        rows = 4

        def block(self) -> BlockType:
            return kind

    getattr(OfTheBlock(), f"test_{finding}")()


@pytest.mark.parametrize(
    ("kind", "finding"),
    [
        (RoundsOddMapsDown, "cost_is_that_of_the_built_block"),
        (ReadsTheFirstRow, "cost_is_that_of_the_built_block"),
        (ForgetsTheActivation, "cost_is_that_of_the_built_block"),
        (NeedsRows, "no_blocks_have_no_costs"),
        (CostsFractions, "no_blocks_have_no_costs"),
        (MisstatesItsOutput, "output_has_the_stated_shape_and_gradients"),
        (EndsInZeros, "output_has_the_stated_shape_and_gradients"),
        (DependsOnTheBatch, "output_has_the_stated_shape_and_gradients"),
        (NamesTooMuch, "fields_that_it_names_change_it"),
        (NamesTooLittle, "fields_that_it_does_not_name_change_nothing"),
        (CostsWhatItDoesNotRead, "fields_that_it_does_not_name_change_nothing"),
        (NamesNoField, "it_names_what_there_is"),
        (NamesNoPlacement, "it_names_what_there_is"),
        (MistakesItself, "special_cases_cost_what_the_other_type_costs"),
    ],
)
def test_a_fault_is_found(kind: type[BlockType], finding: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check(kind(), finding)
