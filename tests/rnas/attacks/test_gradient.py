import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.gradient import without_gradient, zero_gradient_share
from rnas.errors import InputError
from rnas.testing.attack import random_batch, small_network


class Scaled(nn.Module):
    """The network with its logits scaled up: a cheap way to hide gradients of the cross-entropy."""

    def __init__(self, network: nn.Module, scale: float) -> None:
        super().__init__()
        self.network, self.scale = network, scale

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images) * self.scale


def test_scaled_logits_lose_the_gradient_of_the_cross_entropy_alone(trained) -> None:
    images, labels = trained.images, trained.labels
    shares = [zero_gradient_share(Scaled(trained.network, s), images, labels, "cross-entropy") for s in (1, 30, 1000)]
    assert shares[0] == 0
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > 0.9
    assert zero_gradient_share(Scaled(trained.network, 1000), images, labels, "margin") == 0


def test_it_says_which_images() -> None:
    images = torch.full((3, 1, 3, 3), 0.5)
    images[1], images[2] = 0, 1
    bad = without_gradient(_Black(), images, torch.tensor([0, 0, 0]), "margin")
    assert bad.tolist() == [False, True, True]


class _Black(nn.Module):
    """Logits that black images do not change, with a gradient that is not finite at white ones."""

    def forward(self, images: Tensor) -> Tensor:
        flat = images.flatten(1)
        seen = (flat.sum(1, keepdim=True) > 0).to(flat.dtype)
        return flat[:, :3] * seen * (1 + (1 - flat[:, 3:6]).sqrt())


def test_the_model_is_left_as_found_and_in_eval_mode_meanwhile() -> None:
    network, (images, labels, _) = small_network(), random_batch()
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    zero_gradient_share(network, images, labels, "cross-entropy")
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())


def test_a_loss_without_gradient_at_every_image_is_refused() -> None:
    images, labels, _ = random_batch()
    with pytest.raises(InputError, match="kl has no gradient at an original image"):
        zero_gradient_share(small_network(), images, labels, "kl")
