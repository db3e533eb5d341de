import numpy as np
import pytest

from rnas.nas.evaluators.evaluator import Status
from rnas.nas.execution.cluster_model import ClusterModel
from rnas.nas.execution.virtual_cluster import VirtualCluster
from tests.evaluators import Scripted, as_task
from tests.rnas.nas.execution.test_executors import run_all

IMAGES = (3, 32, 32)
USUAL = as_task(16).architecture.cost(IMAGES, 10).flops


def cluster(**model: float) -> VirtualCluster:
    return VirtualCluster(Scripted({}), ClusterModel(**model), USUAL, IMAGES, 10)


def test_time_passes_as_if_workers_evaluated() -> None:
    exact = cluster(workers=2, seconds=10, spread=0, stragglers=0, failures=0)
    results = run_all(exact, [16] * 5)
    assert {result.status for result in results.values()} == {Status.COMPLETE}
    assert exact.ends == {0: 10, 1: 10, 2: 20, 3: 20, 4: 30}
    assert (exact.now, exact.lost) == (30, 0)
    assert exact.utilisation(20) == 1
    assert exact.utilisation(30) == pytest.approx(5 / 6)


def test_time_is_proportional_to_flops() -> None:
    exact = cluster(workers=1, seconds=10, spread=0, stragglers=0, failures=0)
    run_all(exact, [24])
    assert exact.now == pytest.approx(10 * as_task(24).architecture.cost(IMAGES, 10).flops / USUAL)


def test_slow_workers_and_lost_attempts_take_time() -> None:
    random = cluster(workers=400, seconds=10, spread=0.5, stragglers=0.1, slowness=4, failures=0.2)
    run_all(random, [16] * 400)
    # The random part has mean 1; a lost attempt takes half of one, and one in four is lost for each that is not.
    assert random.utilisation(random.now) * random.now == pytest.approx(10 * (1 + 0.1 * 3) * (1 + 0.25 / 2), rel=0.15)
    assert random.lost == pytest.approx(100, abs=30)
    again = cluster(workers=400, seconds=10, spread=0.5, stragglers=0.1, slowness=4, failures=0.2)
    run_all(again, [16] * 400)
    assert again.ends == random.ends
    assert np.std(list(random.ends.values())) > 5
