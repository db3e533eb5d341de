"""Counting of built modules, and arithmetic of many costs."""

import numpy as np
import torch
from torch import nn

from rnas.networks import layer_cost
from rnas.networks.cost import Cost, Costs
from rnas.networks.modules.measured_cost import measured_cost


def test_convolutions_and_linear_layers_are_counted_as_in_the_papers() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, groups=1, bias=True),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=4, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )
    params = (3 * 8 * 9 + 8) + 16 + (2 * 8 * 9) + (80 + 10)
    flops = 3 * 8 * 9 * 16 + 2 * 8 * 9 * 16 + 80
    assert measured_cost(module, (3, 8, 8)) == Cost(params, flops)


def test_frozen_parameters_and_buffers_are_not_params() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.BatchNorm2d(2))
    module[1].requires_grad_(False)
    assert measured_cost(module, (1, 4, 4)) == Cost(2, 32)


def test_a_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    module.train()
    module[1].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    measured_cost(module, (1, 4, 4))
    assert module.training
    assert not module[1].training
    assert not module[0]._forward_hooks
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_layer_used_twice_is_counted_twice() -> None:
    shared = nn.Conv2d(4, 4, 1, bias=False)
    assert measured_cost(nn.Sequential(shared, shared), (4, 2, 2)) == Cost(16, 128)


def test_meta_modules_are_counted_without_memory() -> None:
    with torch.device("meta"):
        module = nn.Sequential(nn.Conv2d(3, 4096, 3), nn.Conv2d(4096, 4096, 3))
    assert measured_cost(module, (3, 224, 224)).flops == 27 * 4096 * 222**2 + 9 * 4096**2 * 220**2


def test_costs_add_and_multiply_by_row() -> None:
    one = Costs(np.array([1, 2]), np.array([10, 20]))
    total = one + one * np.array([2, 0])
    assert total.params.tolist() == [3, 2]
    assert total.flops.tolist() == [30, 20]


def test_layer_costs_are_those_of_torch_layers() -> None:
    for groups, kernel_size in ((1, 3), (4, 5), (8, 1)):
        layer = nn.Conv2d(8, 16, kernel_size, padding=kernel_size // 2, groups=groups, bias=False)
        costs = layer_cost.convolution(8, 16, kernel_size, 6 * 7, groups)
        assert measured_cost(layer, (8, 6, 7)) == Cost(int(costs.params), int(costs.flops))
    costs = layer_cost.linear(np.array([3, 4]), 5)
    assert (costs.params.tolist(), costs.flops.tolist()) == ([15, 20], [15, 20])
    costs = layer_cost.parameters(np.array([3, 4]))
    assert (costs.params.tolist(), costs.flops.tolist()) == ([3, 4], [0, 0])
