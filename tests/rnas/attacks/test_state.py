import torch
from torch import Tensor, nn

from rnas.attacks.state import attacking


class Noting(nn.Module):
    """A layer that prepares itself for its mode."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[bool] = []

    def train(self, mode: bool = True) -> "Noting":
        self.noted.append(mode)
        return super().train(mode)

    def forward(self, maps: Tensor) -> Tensor:
        return maps


def modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def test_layers_and_parameters_are_in_the_state_of_an_attack_and_then_as_they_were() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2).eval(), nn.Sequential(nn.Dropout()))
    model[0].bias.requires_grad_(False)
    before = modes(model), [parameter.requires_grad for parameter in model.parameters()]
    with attacking(model):
        assert not any(modes(model))
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert torch.equal(model(torch.ones(1, 2)), model(torch.ones(1, 2)))
    assert (modes(model), [parameter.requires_grad for parameter in model.parameters()]) == before
    with attacking(model, "train-updating"):
        assert all(modes(model))
    assert modes(model) == before[0]


def test_a_layer_with_a_mode_of_its_own_is_asked() -> None:
    layer = Noting()
    model = nn.Sequential(layer)
    with attacking(model):
        assert layer.noted == [False]
        assert not layer.training
