import pytest
import torch
from torch import nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics.sparsity import THRESHOLD, WeightSparsity, sparsity
from rnas.networks.modules._tokens import Attend
from tests.rnas.evaluation.diagnostics.networks import convolution, linear


def _network() -> nn.Module:
    first = convolution([[[[0.0]]], [[[-1e-3]]], [[[0.5]]], [[[2e-3]]]])
    return nn.Sequential(first, nn.BatchNorm2d(4), linear([[1.0, 0.0, 1e-4, -1e-4, 0.3, torch.nan]]))


def test_shares_by_hand() -> None:
    found = sparsity(_network())
    assert THRESHOLD == 1e-3
    assert found.layers == {"0": 2 / 4, "2.1": 3 / 6}
    assert found.total == 5 / 10


def test_the_threshold_is_included_and_zero_counts_exact_zeros() -> None:
    assert sparsity(_network(), 0).layers == {"0": 1 / 4, "2.1": 1 / 6}
    assert sparsity(_network(), 1.0).total == 9 / 10
    assert WeightSparsity(0.0) != WeightSparsity()


def test_relative_shares_are_by_the_size_of_a_layer_s_other_weights() -> None:
    layer = nn.Conv1d(1, 4, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([3.0, 4.0, 0.25, 0.26]).view(4, 1, 1))
    # Their root mean square is 2.5065.
    assert sparsity(layer, 0.1, relative=True).total == 1 / 4
    assert sparsity(layer, 0.105, relative=True).total == 2 / 4
    with torch.no_grad():
        layer.weight.mul_(1e-6)
    assert sparsity(layer, 0.1, relative=True).total == 1 / 4
    assert sparsity(layer).total == 1.0


def test_layers_within_attention_have_a_share_of_their_own() -> None:
    attention = nn.Sequential(linear([[0.0, 1.0]]), linear([[0.0, 0.0, 0.0, 1.0]]), Attend())
    found = sparsity(nn.Sequential(linear([[1.0, 1.0]]), nn.Sequential(attention)))
    assert found.attention == 4 / 6
    assert found.total == 4 / 8
    assert sparsity(_network()).attention is None


def test_biases_and_normalisations_do_not_count() -> None:
    layer = nn.Linear(2, 2)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    assert sparsity(nn.Sequential(layer, nn.BatchNorm1d(2))).total == 0.0


def test_a_network_without_weights_is_refused() -> None:
    with pytest.raises(InputError, match="no convolution and no linear layer"):
        sparsity(nn.ReLU())
