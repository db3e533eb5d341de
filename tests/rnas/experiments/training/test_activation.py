from dataclasses import replace

import pytest

from rnas.experiments.training._activation import activation_note, with_activation
from rnas.networks.block import Block
from rnas.networks.residual import ResidualNetwork
from rnas.networks.zoo import find
from rnas.training.recipe import Recipe

AAT, SAT = Recipe.resolve("aat"), Recipe.resolve("sat")
MIXED = ResidualNetwork(
    depths=(1, 1),
    channels=(4, 8),
    blocks=(Block(activation="gelu"), Block(topology="bottleneck")),
    head_activation="mish",
)


def test_every_activation_is_replaced_and_nothing_else() -> None:
    found = with_activation(MIXED, AAT)
    assert [block.activation for block in found.stage_blocks] == ["silu", "silu"]
    assert found.head_activation is None
    assert found.stage_blocks[1].topology == "bottleneck"
    blocks = (Block(activation="silu"), Block(topology="bottleneck", activation="silu"))
    assert found == replace(MIXED, blocks=blocks, head_activation=None)
    assert activation_note(MIXED, AAT) == (
        "recipe aat has activation silu, which takes the place of gelu and relu and mish; "
        "set recipe.activation to null to keep the network's own"
    )


def test_a_recipe_without_one_changes_nothing() -> None:
    assert with_activation(MIXED, SAT) is MIXED
    assert activation_note(MIXED, SAT) == ""


def test_a_network_that_has_it_already_needs_no_note() -> None:
    silu = with_activation(MIXED, AAT)
    assert with_activation(silu, AAT) == silu
    assert activation_note(silu, AAT) == ""


@pytest.mark.parametrize("name", ["vgg-11-r", "resnet-18", "advrush"])
def test_other_families_keep_their_own(name: str) -> None:
    network = find(name).network
    assert with_activation(network, AAT) == network
    assert activation_note(network, AAT) == (
        f"recipe aat has activation silu; a network of kind {network.kind} keeps its own"
    )
