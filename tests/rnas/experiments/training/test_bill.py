import pytest

from rnas.experiments.training import start
from rnas.experiments.training.bill import Bill, estimated
from rnas.experiments.training.setup import Setup
from tests.rnas.experiments.training.trainings import NETWORK


def test_the_total_is_of_all_epochs_and_both_evaluations() -> None:
    bill = Bill(10, 1000, 50, 2.0, 0.5, 7.0, 2**30, "cpu")
    assert bill.seconds == 32.0
    assert bill.to_dict()["seconds"] == 32.0


def billed_by_real(setup: Setup) -> float:
    """Seconds of an epoch as estimated, by those of a real one."""
    billed = estimated(setup).seconds_per_epoch
    (row,) = (point for point in setup.training().epochs() if point["epoch"] == 2)
    return billed / float(row["seconds"])


@pytest.mark.parametrize("recipe", ["sat", "fgsm-rs", "free", "trades-awp"])
def test_it_is_near_what_a_training_takes(recipe: str) -> None:
    given = {
        "data": "digits",
        "recipe": recipe,
        "fidelity": {"epochs": 2, "batch_size": 32},
        "images": {"training": 320, "selection": 100, "final": 100},
        "attacks": ("fgsm",),
        "evaluation": {"batch_size": 100},
        "device": "cpu",
    }
    setup = start.prepared(start.referenced(NETWORK), given)
    # What else the machine does may stretch a measurement of a second many times over, but hardly three in a row.
    assert any(0.2 < billed_by_real(setup) < 5 for _ in range(3))
    bill = estimated(setup)
    assert (bill.epochs, bill.images, bill.batch_size, bill.device) == (2, 320, 32, "cpu")
    assert bill.memory_bytes > 2**20
    assert 0 < bill.selection_seconds < 10
    assert 0 < bill.final_seconds < 10
