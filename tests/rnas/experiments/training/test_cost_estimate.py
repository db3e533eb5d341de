import pytest

from rnas.experiments._references import resolve_reference
from rnas.experiments.training._cost_estimate import EPOCH, SELECTION, TEST, estimate_cost
from rnas.experiments.training._resolve import resolve_settings
from rnas.experiments.training.setup import Setup
from tests.rnas.experiments.training.trainings import NETWORK


def ratio_to_real(setup: Setup) -> float:
    """Seconds of an epoch as estimated, by those of a real one."""
    seconds = estimate_cost(setup).work[0].seconds
    (row,) = (point for point in setup.trainer().epochs() if point["epoch"] == 2)
    return seconds / float(row["seconds"])


@pytest.mark.parametrize("recipe", ["sat", "fgsm-rs", "free", "trades-awp"])
def test_it_is_near_what_a_training_takes(recipe: str) -> None:
    given = {
        "data": "digits",
        "recipe": recipe,
        "epochs": 2,
        "batch_size": 32,
        "images": {"train": 320, "val": 100, "test": 100},
        "attacks": ("fgsm",),
        "evaluation": {"batch_size": 100},
        "device": "cpu",
    }
    setup = Setup.of(resolve_settings(resolve_reference(NETWORK), given))
    # What else the machine does may stretch a measurement of a second many times over, but hardly three in a row.
    assert any(0.2 < ratio_to_real(setup) < 5 for _ in range(3))
    estimate = estimate_cost(setup)
    epoch, selection, final = estimate.work
    assert [work.label for work in estimate.work] == [EPOCH, SELECTION, TEST]
    assert [work.count for work in estimate.work] == [2, 2, 2]
    assert (epoch.details, estimate.slots, estimate.device) == ({"images": 320, "batch_size": 32}, 1, "cpu")
    assert estimate.seconds == pytest.approx(2 * (epoch.seconds + selection.seconds + final.seconds))
    assert epoch.memory_bytes > 2**20
