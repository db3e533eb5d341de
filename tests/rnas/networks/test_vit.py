"""ViT and CPVT, against the published modules written anew in float64 with loops over patches, heads and tokens."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from rnas.errors import InputError
from rnas.networks.architecture import Architecture, from_dict
from rnas.networks.modules._tokens import PositionGenerator
from rnas.networks.vit import VisionTransformer
from rnas.testing.architecture import ArchitectureConformance

VIT = VisionTransformer(patch=4, width=12, depth=2, heads=3, hidden=10, head_hidden=8, scaled_by="width")
CPVT = VisionTransformer(2, 8, 2, 2, 12, "conditional", "mean")


class TestConformance(ArchitectureConformance):
    input_shape = (3, 8, 8)

    def architectures(self) -> list[Architecture]:
        return [VIT, CPVT, VisionTransformer(4, 8, 2, 2, 12, "conditional", "class")]


def layer_norm(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + 1e-5)
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def linear(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    out = x @ state[f"{name}.weight"].T
    return out + state[f"{name}.bias"] if f"{name}.bias" in state else out


def attention(tokens: Tensor, state: dict[str, Tensor], name: str, heads: int, scale: float) -> Tensor:
    """One image's tokens (T, C), head after head."""
    queries, keys, values = linear(tokens, state, f"{name}.qkv").chunk(3, dim=-1)
    width = queries.shape[1] // heads
    mixed = []
    for head in range(heads):
        own = slice(head * width, (head + 1) * width)
        weights = torch.softmax(queries[:, own] @ keys[:, own].T * scale, dim=-1)
        mixed.append(weights @ values[:, own])
    return linear(torch.cat(mixed, dim=-1), state, f"{name}.out")


def feed_forward(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    return linear(F.gelu(linear(x, state, f"{name}.0")), state, f"{name}.2")


def encoder_layer(tokens: Tensor, state: dict[str, Tensor], name: str, heads: int, scale: float) -> Tensor:
    tokens = tokens + attention(layer_norm(tokens, state, f"{name}.norm1"), state, f"{name}.attention", heads, scale)
    return tokens + feed_forward(layer_norm(tokens, state, f"{name}.norm2"), state, f"{name}.feed_forward")


def patches(image: Tensor, side: int) -> Tensor:
    """The patches of one image (C, H, W), each by row, column and channel."""
    _, height, width = image.shape
    cut = [
        [float(image[c, top + y, left + x]) for y in range(side) for x in range(side) for c in range(len(image))]
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]
    return torch.tensor(cut, dtype=torch.float64)


@torch.no_grad()
def test_vit_is_the_published_network() -> None:
    module = VIT.build(5, (3, 8, 12)).double().eval()
    state, images = dict(module.state_dict()), torch.rand(2, 3, 8, 12, dtype=torch.float64)
    for image, logits in zip(images, module(images), strict=True):
        tokens = torch.cat([state["class_token.token"][None], linear(patches(image, 4), state, "patches.linear")])
        tokens = tokens + state["positions.table"]
        for name in ("first", "layers.0"):
            tokens = encoder_layer(tokens, state, name, heads=3, scale=1 / math.sqrt(12))
        expected = feed_forward(layer_norm(tokens[0], state, "norm"), state, "head")
        torch.testing.assert_close(logits, expected)


@torch.no_grad()
def test_cpvt_has_its_positions_after_the_first_layer_alone() -> None:
    module = CPVT.build(5, (3, 6, 4)).double().eval()
    state, image = dict(module.state_dict()), torch.rand(3, 6, 4, dtype=torch.float64)
    tokens = encoder_layer(linear(patches(image, 2), state, "patches.linear"), state, "first", 2, scale=0.5)
    tokens = generated(tokens, state, "generator", (3, 2))
    tokens = encoder_layer(tokens, state, "layers.0", 2, scale=0.5)
    expected = linear(layer_norm(tokens.mean(0), state, "norm"), state, "head")
    torch.testing.assert_close(module(image[None])[0], expected)


def generated(tokens: Tensor, state: dict[str, Tensor], name: str, size: tuple[int, int]) -> Tensor:
    """Tokens and the convolution of their map, position after position."""
    out = tokens.clone()
    for y in range(size[0]):
        for x in range(size[1]):
            out[y * size[1] + x] += state[f"{name}.conv.bias"]
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    if 0 <= y + dy < size[0] and 0 <= x + dx < size[1]:
                        weight = state[f"{name}.conv.weight"][:, 0, dy + 1, dx + 1]
                        out[y * size[1] + x] += weight * tokens[(y + dy) * size[1] + x + dx]
    return out


@torch.no_grad()
def test_the_position_generator() -> None:
    generator = PositionGenerator(3).double()
    tokens = torch.rand(1, 6, 3, dtype=torch.float64)
    state = {f"g.{name}": value for name, value in generator.state_dict().items()}
    torch.testing.assert_close(generator(tokens, (2, 3))[0], generated(tokens[0], state, "g", (2, 3)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"heads": 7}, "512 channels cannot be shared by 7 heads; give a multiple of the heads"),
        ({"depth": 0}, "depth is 0"),
        ({"head_hidden": 0}, "head_hidden is 0"),
        ({"positions": "sine"}, "positions"),
    ],
)
def test_impossible_networks(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict({"kind": "vit", **fields})


def test_images_of_no_whole_patches() -> None:
    for use in (VIT.build, lambda classes, shape: VIT.cost(shape, classes)):
        with pytest.raises(InputError, match="no whole number of 4x4 patches: give another patch"):
            use(10, (3, 8, 6))
