"""The forward pass of every block type against its formula, and the released names of its tensors."""

import pytest
import torch
from torch.nn import functional as F

from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import ResidualNetwork
from rnas.networks.squeeze_excitation import PLACEMENTS


def names_of(block: Block, stage: int, index: int) -> set[str]:
    """State-dict names of one block of a small network, without those of running statistics."""
    with torch.device("meta"):
        module = ResidualNetwork((1, 2), (16, 32), (block,)).build(10, (3, 8, 8))
    prefix = f"blocks.{stage}.layer.{index}."
    return {name.removeprefix(prefix) for name, _ in module.named_parameters() if name.startswith(prefix)}


def affine(*names: str) -> set[str]:
    return {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}


def test_basic_block_has_the_released_names() -> None:
    convolutions = {"conv1.weight", "conv2.weight"}
    assert names_of(Block(), 0, 0) == affine("bn1", "bn2") | convolutions
    assert names_of(Block(), 1, 0) == affine("bn1", "bn2") | convolutions | {"shortcut.0.weight"}
    post = affine("bn1", "bn2", "shortcut.1") | convolutions | {"shortcut.0.weight"}
    assert names_of(Block(order="post"), 1, 0) == post


def test_robust_res_block_has_the_released_names() -> None:
    expected = affine("bn1", "bn2", *[f"bn3.{j}" for j in range(7)], "se_bn")
    expected |= {"conv1.weight", *[f"conv2.{j}.weight" for j in range(7)], "conv3.weight"}
    expected |= {"se.fc.0.weight", "se.fc.2.weight"}
    assert names_of(ROBUST_RES_BLOCK, 1, 1) == expected
    assert names_of(ROBUST_RES_BLOCK, 1, 0) == expected | {"shortcut.0.weight"}


def test_pre_activated_basic_block_is_its_formula() -> None:
    torch.manual_seed(0)
    for stride, in_channels in ((1, 8), (1, 4), (2, 8)):
        block = Block().type.constructor(Block())(in_channels, 8, stride).eval()
        x = torch.randn(2, in_channels, 6, 6)
        parts = dict(block.named_children())
        activated = F.relu(parts["bn1"](x))
        branch = parts["conv2"](F.relu(parts["bn2"](parts["conv1"](activated))))
        shortcut = parts["shortcut"](activated) if (stride, in_channels) != (1, 8) else x
        torch.testing.assert_close(block(x), branch + shortcut)


def test_post_activated_basic_block_is_its_formula() -> None:
    torch.manual_seed(0)
    description = Block(order="post")
    block = description.type.constructor(description)(4, 8, 2).eval()
    x = torch.randn(2, 4, 6, 6)
    parts = dict(block.named_children())
    branch = parts["bn2"](parts["conv2"](F.relu(parts["bn1"](parts["conv1"](x)))))
    torch.testing.assert_close(block(x), F.relu(branch + parts["shortcut"](x)))


def test_a_block_without_residual_is_the_branch_alone() -> None:
    torch.manual_seed(0)
    description = Block(topology="no-residual")
    block = description.type.constructor(description)(8, 8, 1).eval()
    x = torch.randn(2, 8, 6, 6)
    parts = dict(block.named_children())
    branch = parts["conv2"](F.relu(parts["bn2"](parts["conv1"](F.relu(parts["bn1"](x))))))
    torch.testing.assert_close(block(x), branch)


@pytest.mark.parametrize("first_input", ["raw", "activated"])
@pytest.mark.parametrize("topology", ["bottleneck", "inverted-bottleneck"])
def test_pre_activated_three_convolutions_are_their_formula(topology: str, first_input: str) -> None:
    torch.manual_seed(0)
    description = Block(topology=topology, first_input=first_input)
    for in_channels, stride in ((4, 2), (description.type.out_channels(4), 1)):
        block = description.type.constructor(description)(in_channels, 4, stride).eval()
        x = torch.randn(2, in_channels, 6, 6)
        parts = dict(block.named_children())
        activated = F.relu(parts["bn1"](x))
        out = parts["conv1"](x if description.first_input == "raw" and topology == "bottleneck" else activated)
        out = parts["conv2"](F.relu(parts["bn2"](out)))
        out = parts["conv3"](F.relu(parts["bn3"](out)))
        torch.testing.assert_close(block(x), out + (parts["shortcut"](activated) if stride == 2 else x))
        assert parts["conv2"].groups == (16 if topology == "inverted-bottleneck" else 1)


@pytest.mark.parametrize("stride", [1, 2])
def test_post_activated_hierarchical_block_is_its_formula(stride: int) -> None:
    torch.manual_seed(0)
    description = Block(topology="robust-res-block", order="post", scales=4, base_width=40)
    block = description.type.constructor(description)(16, 8, stride).eval()
    x = torch.randn(2, 16, 6, 6)
    parts = dict(block.named_children())
    chunks = F.relu(parts["bn1"](parts["conv1"](x))).chunk(4, dim=1)
    results = []
    for j in range(3):
        chunk = chunks[j] + results[-1] if j > 0 and stride == 1 else chunks[j]
        results.append(F.relu(parts["bn2"][j](parts["conv2"][j](chunk))))
    results.append(chunks[3] if stride == 1 else F.avg_pool2d(chunks[3], 3, 2, 1))
    branch = parts["bn3"](parts["conv3"](torch.cat(results, dim=1)))
    torch.testing.assert_close(block(x), F.relu(branch + parts["shortcut"](x)))


@pytest.mark.parametrize("placement", PLACEMENTS[1:])
def test_gates_stand_where_they_are_said_to(placement: str) -> None:
    torch.manual_seed(0)
    description = Block(squeeze_excitation=placement, reduction=2)
    block = description.type.constructor(description)(4, 8, 2).eval()
    x = torch.randn(2, 4, 6, 6)
    parts = dict(block.named_children())

    def gate(features: torch.Tensor, place: str) -> torch.Tensor:
        return features * parts["se"](features) if place == placement else features

    activated = F.relu(parts["bn1"](x))
    branch = parts["conv2"](gate(F.relu(parts["bn2"](parts["conv1"](activated))), "conv3x3"))
    expected = gate(branch, "standard") + parts["shortcut"](gate(activated, "identity"))
    if placement == "residual":
        expected = expected + gate(parts["se_bn"](branch), "residual")
    torch.testing.assert_close(block(x), expected)
