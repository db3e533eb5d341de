import pytest
import torch

from rnas.errors import InputError
from rnas.training.weight_perturbation import WeightPerturbation, perturbed
from tests.rnas.training.digits import network


def test_each_tensor_moves_by_a_share_of_its_own_norm() -> None:
    model = network().double()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    gradients = {name: torch.randn_like(p) for name, p in before.items()}
    with perturbed(model, gradients, 0.1):
        for name, parameter in model.named_parameters():
            move = parameter.detach() - before[name]
            if parameter.ndim == 1:
                assert not move.any()
                continue
            assert move.norm() == pytest.approx(0.1 * before[name].norm().item())
            cosine = (move * gradients[name]).sum() / move.norm() / gradients[name].norm()
            assert cosine == pytest.approx(1)
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter, before[name], rtol=1e-12)


def test_what_is_done_within_stays_and_errors_leave_no_move() -> None:
    model = network().double()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    gradients = {name: torch.randn_like(p) for name, p in before.items()}

    def step_and_fail() -> None:
        with perturbed(model, gradients, 0.1), torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(1.0)
            raise KeyError

    with pytest.raises(KeyError):
        step_and_fail()
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter, before[name] + 1.0, rtol=1e-12)


def test_no_gradient_is_no_move() -> None:
    model = network()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    gradients = {name: torch.zeros_like(p) for name, p in before.items() if name != "0.weight"}
    with perturbed(model, gradients, 0.1):
        assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


@pytest.mark.parametrize("wrong", [{"gamma": 0}, {"gamma": 0.1, "start": 1}])
def test_what_is_no_perturbation_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        WeightPerturbation(**wrong)
