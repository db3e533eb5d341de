import pytest

from rnas.cli.cost_estimate import print_cost_estimate
from rnas.experiment import CostEstimate, EstimatedWork

WORK = (EstimatedWork("evaluation of a network", 12, 600.0),)


@pytest.mark.parametrize(
    ("devices", "hours", "shared"),
    [
        (("cpu",) * 4, 0.5, False),
        (("cuda",), 2, False),
        (("cuda:0", "cuda:1"), 1, False),
        (("cuda:0", "cuda:1") * 4, 1, True),
        (("cuda:0",) * 4, 2, True),
    ],
)
def test_units_on_one_gpu_take_turns(
    devices: tuple[str, ...], hours: float, shared: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    estimate = CostEstimate(WORK, devices)
    assert (estimate.seconds, estimate.slots, estimate.device) == (3600 * hours, len(devices), devices[0])
    print_cost_estimate(estimate, as_json=False)
    assert ("share a GPU" in capsys.readouterr().out) == shared
