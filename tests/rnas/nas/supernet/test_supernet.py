"""A path is the stand-alone network with the same weights, in every space whose networks share weights."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from rnas.errors import InputError
from rnas.nas.listed_space import DesignSpace
from rnas.nas.space import SearchSpace
from rnas.nas.supernet.supernet import Supernet
from rnas.networks import architecture as arch
from search_spaces.darts import DartsSpace
from search_spaces.nas_bench_201 import NASBench201
from search_spaces.robnet import RobNetSpace
from search_spaces.robust_resnet import RobustResNetSpace

RESNET = {
    "base_channels": (8, 16, 32),
    "depths": (1, 2),
    "widths": (1, 2),
    "stem_width": (8, 16),
    "upsample": 1,
    "kernel_size": (3, 5),
    "cardinality": (1, 4),
    "scales": (1, 4),
    "squeeze_excitation": ("none", "conv3x3", "residual"),
    "activation": ("relu", "two-slope"),
    "normalization": ("batch", "group"),
}

BLOCKS_PER_STAGE = {
    **RESNET,
    "blocks_per_stage": True,
    "topology": ("basic", "robust-res-block"),
    "order": ("pre",),
}

SPACES: dict[str, tuple[type[SearchSpace], dict[str, Any]]] = {
    "robnet": (RobNetSpace, {"layers": 4, "channels": (2,)}),
    "robnet-free": (RobNetSpace, {"layers": 4, "channels": (2, 4), "shared": False}),
    "darts": (DartsSpace, {"layers": 4, "channels": (2, 4)}),
    "nas-bench-201": (NASBench201, {"channels": 4, "cells": 1}),
    "robust-resnet": (RobustResNetSpace, RESNET),
    "robust-resnet-stages": (
        RobustResNetSpace,
        BLOCKS_PER_STAGE,
    ),
}


def space_of(name: str) -> SearchSpace:
    made, settings = SPACES[name]
    return made(made.Settings(**settings), (1, 8, 8), 10)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand((3, 1, 8, 8), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", SPACES)
def test_a_path_is_the_stand_alone_network_with_copied_weights(name: str, images: torch.Tensor) -> None:
    space = space_of(name)
    supernet = Supernet(space, seed=1)
    genomes = np.unique(space.uniform(4, np.random.default_rng(2)), axis=0)
    for genome in genomes:
        architecture = space.decode(genome)
        path = supernet.path(architecture)
        alone = arch.build(architecture, 10, (1, 8, 8))
        weights = {name: parameter.detach() for name, parameter in path.network.named_parameters()}
        missing, unexpected = alone.load_state_dict(weights, strict=False)
        assert unexpected == []
        assert set(missing).isdisjoint(dict(alone.named_parameters()))
        copied = supernet.standalone(architecture)
        for module in (alone, copied, path.network):
            module.train()
        expected = alone(images)
        torch.testing.assert_close(path.network(images), expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(copied(images), expected, atol=1e-5, rtol=0)
        for part, shared, index in path.parts:
            assert part.data_ptr() == supernet.weights[shared].detach()[index].data_ptr()


def test_paths_share_memory_and_copies_do_not(images: torch.Tensor) -> None:
    space = space_of("robust-resnet")
    supernet = Supernet(space)
    architecture = space.decode(np.zeros(len(space.sizes), dtype=np.int64))
    path, copied = supernet.path(architecture), supernet.standalone(architecture)
    before = copied(images).detach()
    with torch.no_grad():
        for weight in supernet.weights.values():
            weight.mul_(2)
    torch.testing.assert_close(copied(images), before)
    assert not torch.allclose(path.network(images), before)


def test_gradients_arrive_at_the_leading_channels_and_the_centre_of_kernels(images: torch.Tensor) -> None:
    space = space_of("robust-resnet")
    supernet = Supernet(space)
    narrow = space.decode(np.zeros(len(space.sizes), dtype=np.int64))
    path = supernet.path(narrow)
    path.network(images).square().sum().backward()
    expected = {shared: (part.grad.clone(), index) for part, shared, index in path.parts if part.grad is not None}
    supernet.gather(path, 0.5)
    assert any(weight.grad is None for weight in supernet.weights.values())
    kernels = [name for name in expected if supernet.weights[name].shape[-1:] == (5,)]
    assert kernels
    for name, (gradient, index) in expected.items():
        grown = torch.zeros_like(supernet.weights[name])
        grown[index] = gradient / 2
        torch.testing.assert_close(supernet.weights[name].grad, grown)
        if name in kernels:
            assert index[2:] == (slice(1, 4), slice(1, 4))


def test_weights_are_drawn_as_those_of_stand_alone_networks_and_leave_the_generator_alone() -> None:
    space = space_of("nas-bench-201")
    state = torch.get_rng_state()
    first, second, other = Supernet(space, 3), Supernet(space, 3), Supernet(space, 4)
    first.path(space.decode(space.uniform(1, np.random.default_rng(0))[0]))
    assert torch.equal(torch.get_rng_state(), state)
    names = list(first.weights)
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in names)
    assert not torch.equal(first.weights["stem.0.weight"], other.weights["stem.0.weight"])
    norms = {name for name in names if first.weights[name].ndim == 1 and "classifier" not in name}
    assert norms == first.normalization
    with torch.random.fork_rng():
        torch.manual_seed(3)
        convolution = nn.Conv2d(1, 4, 3, padding=1, bias=False)
    ratio = first.weights["stem.0.weight"].detach().std() / convolution.weight.detach().std()
    assert abs(float(ratio) - 1) < 0.5


def test_another_network_and_a_space_without_sharing_are_refused() -> None:
    small = space_of("nas-bench-201")
    large = NASBench201(NASBench201.Settings(channels=8, cells=1), (1, 8, 8), 10)
    supernet = Supernet(small)
    with pytest.raises(
        InputError, match=r"no network .*: it needs 8x1x3x3 weights stem.0.weight, and there is 4x1x3x3"
    ):
        supernet.path(large.decode(np.full(6, 3)))
    with pytest.raises(InputError, match="has another shape"):
        supernet.load(Supernet(large).weights)
    with pytest.raises(InputError, match="is only in one of them"):
        supernet.load({})

    listed = DesignSpace([small.decode(np.full(6, 3))], (1, 8, 8), 10)
    with pytest.raises(InputError, match="share no weights"):
        Supernet(listed)


def test_the_largest_kernel_is_shared_by_its_centre() -> None:
    space = space_of("robust-resnet")
    supernet = Supernet(space)
    [name] = [name for name in supernet.weights if name.startswith("blocks.0.basic-pre.layer.1.conv1")]
    assert supernet.weights[name].shape == (16, 16, 5, 5)
