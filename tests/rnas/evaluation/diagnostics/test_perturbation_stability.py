import pytest
import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics.perturbation_stability import perturbation_stability


class _Given(nn.Module):
    """The pixels are the logits."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)


def _logits(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)[:, None, None, :]


CLEAN = _logits([2, 0, 1], [2, 0, 1], [0, 2, 1], [0, 2, 1], [0, 2, 1])
ATTACKED = _logits([1, 0, 0], [0, 0, 1], [0, 3, 0], [9, 2, 1], [0, 1, 2])
LABELS = torch.tensor([0, 0, 0, 0, 0])


@pytest.mark.parametrize("batch_size", [100, 2])
def test_by_hand(batch_size: int) -> None:
    # Right and kept, right and lost, wrong and kept, wrong and then right, wrong and then otherwise wrong.
    found = perturbation_stability(_Given(), CLEAN, ATTACKED, LABELS, batch_size)
    assert found.correct.tolist() == [True, True, False, False, False]
    assert found.stable.tolist() == [True, False, True, False, False]
    assert found.perturbation_stability == 2 / 5
    assert found.boundary_risk == 1 / 5


def test_stability_ignores_the_labels() -> None:
    stable = [perturbation_stability(_Given(), CLEAN, ATTACKED, LABELS + shift).stable for shift in range(3)]
    assert torch.equal(stable[0], stable[1])
    assert torch.equal(stable[0], stable[2])


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_without_finite_logits_there_is_no_class(broken: float) -> None:
    good, bad = _logits([2, 0, 1]), _logits([2, broken, 1])
    # Where argmax would see class 1 on both sides as well.
    second = _logits([0, 2, 1])
    clean, attacked = torch.cat([bad, good, bad, second]), torch.cat([good, bad, bad, bad])
    found = perturbation_stability(_Given(), clean, attacked, torch.tensor([1, 0, 1, 1]))
    assert found.correct.tolist() == [False, True, False, True]
    assert found.stable.tolist() == [False, False, False, False]


def test_images_come_in_pairs() -> None:
    with pytest.raises(InputError, match="one attacked image for each"):
        perturbation_stability(_Given(), CLEAN, ATTACKED[1:], LABELS)
    with pytest.raises(InputError, match="at least one"):
        perturbation_stability(_Given(), CLEAN[:0], ATTACKED[:0], LABELS[:0])
