from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics._loss_surface import loss_surface, rademacher
from tests.rnas.evaluation.diagnostics.networks import images, linear

WEIGHTS = [[0.0, 0.0, 0.0, 0.0], [1.0, -2.0, 0.5, 3.0]]
CLEAN = images([[0.5, 0.2], [0.9, 0.1]], [[0.3, 0.3], [0.0, 1.0]])
LABELS, IDS = torch.tensor([0, 1]), torch.tensor([5, 9])
REACH = Fraction(1, 10)


def test_a_linear_network_by_hand() -> None:
    surface = loss_surface(linear(WEIGHTS), CLEAN, LABELS, IDS, 3, REACH, points=5)
    assert surface.offsets.tolist() == [-0.1, -0.05, 0.0, 0.05, 0.1]
    assert surface.losses.shape == (2, 5, 5)
    weights = np.array(WEIGHTS[1])
    random = rademacher(3, IDS, CLEAN).flatten(1).numpy()
    for image, (pixels, label) in enumerate(zip(CLEAN.flatten(1).numpy(), LABELS.tolist(), strict=True)):
        # Logits 0 and w x: the loss of class 0 rises along w, that of class 1 against it.
        sign = np.sign(weights) * (1 if label == 0 else -1)
        for i, a in enumerate(surface.offsets):
            for j, b in enumerate(surface.offsets):
                logit = weights @ (pixels + a * sign + b * random[image])
                expected = np.log1p(np.exp(logit if label == 0 else -logit))
                assert surface.losses[image, i, j] == pytest.approx(expected, rel=1e-12)
    assert np.allclose(surface.mean, surface.losses.mean(axis=0))
    # Along the gradient's sign, points outside [0, 1] too.
    assert (np.diff(surface.losses[:, :, 2], axis=1) > 0).all()


def test_batches_and_order_change_nothing() -> None:
    clean = torch.rand(7, 1, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels, ids = torch.arange(7) % 2, torch.arange(7)
    model = nn.Sequential(linear(WEIGHTS), nn.Tanh(), nn.Dropout(0.5)).train()
    whole = loss_surface(model, clean, labels, ids, 0, REACH, points=3)
    assert model.training
    parts = loss_surface(model, clean.flip(0), labels.flip(0), ids.flip(0), 0, REACH, points=3, batch_size=2)
    assert np.allclose(whole.losses, parts.losses[::-1], rtol=1e-12)
    assert not np.allclose(whole.losses, loss_surface(model, clean, labels, ids, 1, REACH, points=3).losses)
    assert not clean.requires_grad


def test_random_signs() -> None:
    signs = rademacher(0, torch.arange(200), torch.zeros(200, 3, 8, 8, dtype=torch.float64))
    assert signs.dtype == torch.float64
    assert signs.abs().unique().tolist() == [1.0]
    assert abs(signs.mean()) < 0.02


class _Log(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).log()


def test_losses_that_are_not_finite_are_kept() -> None:
    surface = loss_surface(_Log(), images([[0.05, 0.5]]), torch.tensor([0]), IDS[:1], 0, REACH, points=3)
    assert np.isfinite(surface.losses[0, 1, 1])
    assert not np.isfinite(surface.losses).all()
    assert not np.isfinite(surface.mean).all()


@pytest.mark.parametrize(
    ("points", "reach", "message"), [(4, REACH, "odd number"), (1, REACH, "odd number"), (3, Fraction(0), "above 0")]
)
def test_impossible_grids(points: int, reach: Fraction, message: str) -> None:
    with pytest.raises(InputError, match=message):
        loss_surface(linear(WEIGHTS), CLEAN, LABELS, IDS, 0, reach, points)
