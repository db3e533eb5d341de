"""The published residual networks: exact counts, and logits of the released code.

The logits were made with the released implementations after every tensor had been filled by a formula of its name,
so that they prove the names of the state dict as well as the forward pass.
"""

import csv
import dataclasses
import json
from pathlib import Path

import pytest
import torch

from rnas.errors import InputError
from rnas.networks.block import RAW, Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.residual import ResidualNetwork, widened
from tests.rnas.networks.named_weights import fill_by_name, named_noise

CIFAR = (3, 32, 32)
HERE = Path(__file__)
PUBLISHED = list(csv.DictReader(HERE.with_name("published_residual.csv").read_text().splitlines()))
GOLDEN = json.loads(HERE.with_name("golden_residual.json").read_text())

BLOCKS = {
    "basic": Block(),
    "robust": ROBUST_RES_BLOCK,
    "released-settings": Block(
        topology="robust-res-block",
        scales=4,
        cardinality=8,
        base_width=64,
        squeeze_excitation="residual",
        reduction=16,
    ),
    "bottleneck": Block(topology="bottleneck"),
    "aggregated": Block(topology="robust-res-block", cardinality=4, base_width=60),
    "hierarchical": Block(topology="robust-res-block", scales=8, cardinality=4, base_width=10),
    "standard-16": Block(topology="bottleneck", squeeze_excitation="standard", reduction=16),
    "conv3x3-16": Block(topology="bottleneck", squeeze_excitation="conv3x3", reduction=16),
    "identity-16": Block(topology="bottleneck", squeeze_excitation="identity", reduction=16),
    "residual-16": Block(topology="bottleneck", squeeze_excitation="residual", reduction=16),
    "residual-64": Block(topology="bottleneck", squeeze_excitation="residual", reduction=64),
}

NETWORKS = {
    "wrn-28-10": widened((4, 4, 4), (10, 10, 10)),
    "wrn-34-r": widened((5, 5, 5), (20, 20, 8)),
    "wrn-34-d9-7-1": widened((9, 7, 1), (10, 10, 10)),
    "wrn-a1": widened((14, 14, 7), (5, 7, 3)),
    "wrn-a2": widened((17, 17, 8), (7, 9, 4)),
    "robust-resnet-a1": widened((14, 14, 7), (5, 7, 3), ROBUST_RES_BLOCK),
    "robust-resnet-a2": widened((17, 17, 8), (7, 9, 4), ROBUST_RES_BLOCK),
    "equal-width": widened((2, 2, 1), (2, 2, 1)),
    "equal-width-silu": widened((2, 2, 1), (2, 2, 1), Block(activation="silu")),
    "equal-width-normalized-input": dataclasses.replace(widened((2, 2, 1), (2, 2, 1)), normalize_input=True),
    "equal-width-raw-shortcut": ResidualNetwork((2, 2, 2), (32, 32, 32), (Block(equal_width_shortcut=RAW),)),
    "robust-res-block": widened((2, 2, 2), (2, 2, 2), ROBUST_RES_BLOCK),
    "robust-res-block-one-scale": widened((2, 2, 2), (2, 2, 2), BLOCKS["residual-16"]),
    "robust-res-block-released-settings": widened((2, 2, 2), (2, 2, 2), BLOCKS["released-settings"]),
    "robust-res-block-group-silu": widened(
        (2, 2, 2),
        (4, 4, 4),
        Block(
            topology="robust-res-block",
            scales=8,
            cardinality=4,
            base_width=40,
            squeeze_excitation="residual",
            reduction=64,
            normalization="group",
            activation="silu",
        ),
    ),
}
SLOW = {"wrn-28-10", "wrn-34-r", "wrn-34-d9-7-1", "wrn-a2", "robust-resnet-a1", "robust-resnet-a2"}
OTHER_NAMES = {"wrn-34-r", "wrn-34-d9-7-1", "equal-width-raw-shortcut"}


def network(row: dict[str, str]) -> ResidualNetwork:
    depths, planes = (tuple(map(int, row[name].split("-"))) for name in ("depths", "planes"))
    return ResidualNetwork(depths, planes, (BLOCKS[row["block"]],))


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row["name"])
def test_counts_of_the_released_code(row: dict[str, str]) -> None:
    cost = network(row).cost(CIFAR, int(row["classes"]))
    assert cost.params == int(row["params"])
    if row["flops"]:
        assert cost.flops == int(row["flops"])


@pytest.mark.parametrize("block", BLOCKS)
def test_every_published_block_is_counted_as_built(block: str) -> None:
    small = widened((2, 2, 2), (2, 3, 1), BLOCKS[block])
    with torch.device("meta"):
        module = small.build(10, CIFAR)
    assert measured_cost(module, CIFAR) == small.cost(CIFAR, 10)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in GOLDEN])
def test_logits_of_the_released_code(name: str) -> None:
    module = NETWORKS[name].build(10, CIFAR).double().eval()
    fill_by_name(module, GOLDEN[name]["gain"], other_names if name in OTHER_NAMES else str)
    images = (named_noise("input", (2, *CIFAR)) + 1) / 2
    with torch.no_grad():
        logits = module(images)
    expected = torch.tensor(GOLDEN[name]["logits"], dtype=torch.float64)
    torch.testing.assert_close(logits, expected, rtol=1e-7, atol=1e-8)


def other_names(name: str) -> str:
    """Names in the code released with Huang et al. (NeurIPS 2021)."""
    return name.replace("shortcut.0", "convShortcut").replace("norm1", "bn1")


def test_normalization_of_the_input_is_for_colour_images() -> None:
    network = dataclasses.replace(NETWORKS["equal-width"], normalize_input=True)
    with pytest.raises(InputError, match="normalize_input is for images of 3 channels, these have 1"):
        network.build(10, (1, 32, 32))
    assert network.cost(CIFAR, 10) == NETWORKS["equal-width"].cost(CIFAR, 10)
    assert network.build(10, CIFAR).state_dict().keys() == NETWORKS["equal-width"].build(10, CIFAR).state_dict().keys()
