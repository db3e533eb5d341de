import pytest

from rnas.experiments.training import start
from rnas.experiments.training.cost_estimate import TrainingCostEstimate, estimate_cost
from rnas.experiments.training.setup import Setup
from tests.rnas.experiments.training.trainings import NETWORK


def test_the_total_is_of_all_epochs_and_both_evaluations() -> None:
    estimate = TrainingCostEstimate(10, 1000, 50, 2.0, 0.5, 7.0, 2**30, "cpu")
    assert estimate.seconds == 32.0
    assert estimate.to_dict()["seconds"] == 32.0


def estimated_by_real(setup: Setup) -> float:
    """Seconds of an epoch as estimated, by those of a real one."""
    expected = estimate_cost(setup).seconds_per_epoch
    (row,) = (point for point in setup.training().epochs() if point["epoch"] == 2)
    return expected / float(row["seconds"])


@pytest.mark.parametrize("recipe", ["sat", "fgsm-rs", "free", "trades-awp"])
def test_it_is_near_what_a_training_takes(recipe: str) -> None:
    given = {
        "data": "digits",
        "recipe": recipe,
        "fidelity": {"epochs": 2, "batch_size": 32},
        "images": {"train": 320, "val": 100, "test": 100},
        "attacks": ("fgsm",),
        "evaluation": {"batch_size": 100},
        "device": "cpu",
    }
    setup = start.resolve_setup(start.resolve_reference(NETWORK), given)
    # What else the machine does may stretch a measurement of a second many times over, but hardly three in a row.
    assert any(0.2 < estimated_by_real(setup) < 5 for _ in range(3))
    estimate = estimate_cost(setup)
    assert (estimate.epochs, estimate.images, estimate.batch_size, estimate.device) == (2, 320, 32, "cpu")
    assert estimate.memory_bytes > 2**20
    assert 0 < estimate.val_seconds < 10
    assert 0 < estimate.test_seconds < 10
