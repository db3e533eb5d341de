import pytest
import torch
from torch import nn

from rnas.attacks.losses import (
    LOSSES,
    carlini_wagner,
    divergence,
    logits_ratio,
    loss_of,
    margin,
    misclassified,
)
from rnas.errors import InputError


def drawn(n: int = 50, classes: int = 10) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, classes, generator=generator), torch.randint(classes, (n,), generator=generator)


def test_margin_is_positive_exactly_where_misclassified() -> None:
    logits, labels = drawn()
    assert torch.equal(margin(logits, labels) > 0, logits.argmax(1) != labels)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_per_image(name) -> None:
    loss = LOSSES[name]
    logits, labels = drawn(6, 4)
    alone = torch.cat([loss(logits[n : n + 1], labels[n : n + 1]) for n in range(6)])
    assert torch.allclose(loss(logits, labels), alone)


def test_the_margin_cut_off_has_no_gradient_where_misclassified() -> None:
    logits, labels = drawn()
    logits.requires_grad_(True)
    loss = carlini_wagner(logits, labels)
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    wrong = logits.argmax(1) != labels
    assert 0 < wrong.sum() < 50
    assert (loss[wrong] == 0).all()
    assert (gradient[wrong] == 0).all()
    assert torch.equal(loss[~wrong], margin(logits, labels)[~wrong])
    assert (gradient[~wrong] != 0).any(dim=1).all()


def test_the_ratio_is_the_papers() -> None:
    logits = torch.tensor([[5.0, 1.0, 3.0, -2.0], [5.0, 1.0, 3.0, -2.0], [5.0, 1.0, 3.0, -2.0]])
    # (3 - 5) / (5 - 1), (5 - 3) / (5 - 1), (5 + 2) / (5 - 1)
    expected = torch.tensor([-0.5, 0.5, 1.75])
    assert torch.allclose(logits_ratio(logits, torch.tensor([0, 2, 3])), expected)


def test_the_ratio_of_three_classes_is_over_their_spread() -> None:
    logits = torch.tensor([[4.0, 1.0, 0.0]])
    assert torch.allclose(logits_ratio(logits, torch.tensor([0])), torch.tensor([-0.75]))


def test_the_ratio_of_two_classes_is_refused() -> None:
    with pytest.raises(InputError, match=r"dlr needs at least 3 classes, but there are 2; use margin"):
        logits_ratio(torch.zeros(1, 2), torch.tensor([0]))


def test_neither_shift_nor_scale_changes_the_ratio() -> None:
    logits, labels = drawn()
    assert torch.allclose(logits_ratio(1000 * logits + 7, labels), logits_ratio(logits, labels), atol=1e-4)


def test_the_ratio_of_equal_logits_is_zero() -> None:
    assert logits_ratio(torch.ones(1, 5), torch.tensor([2])) == 0


def test_the_divergence_is_from_the_image_as_it_is() -> None:
    images, labels = torch.rand(4, 1, 2, 2), torch.zeros(4, dtype=torch.long)
    model = nn.Flatten()
    loss = loss_of("kl", model, images, labels)
    assert torch.allclose(loss(model(images)), torch.zeros(4), atol=1e-6)
    other = torch.rand(4, 4)
    assert torch.equal(loss(other), divergence(other, model(images)))


def test_logits_that_are_not_finite_are_misclassified() -> None:
    logits = torch.tensor([[torch.nan, 0.0], [torch.inf, 0.0], [1.0, -torch.inf], [1.0, 0.0], [0.0, 1.0]])
    assert misclassified(logits, torch.zeros(5, dtype=torch.long)).tolist() == [True, True, True, False, True]
