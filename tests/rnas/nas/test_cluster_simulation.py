from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from rnas.errors import InputError
from rnas.nas._setup import resolve
from rnas.nas.cluster_simulation import PlantedResults, simulate_cluster
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.execution.cluster_model import ClusterModel
from rnas.nas.presets import preset
from rnas.nas.strategies.random import RandomSearch

MODEL = ClusterModel(workers=10, seconds=600, spread=0.5, stragglers=0.05, failures=0.05)


def test_an_asynchronous_search_leaves_no_worker_idle() -> None:
    content = {**preset("digits-bench"), "strategy": "random", "budget": 120}
    setup = resolve(SearchConfig.parse(content, "test"), Path(), "test")
    seen: list[int] = []
    found = simulate_cluster(setup, MODEL, seen.append)
    batches, asynchronous = found.searches
    assert seen == list(range(1, 241))
    assert (batches.evaluations, asynchronous.evaluations) == (120, 120)
    assert asynchronous.utilisation_before_end == pytest.approx(1)
    assert batches.utilisation_before_end < 0.95
    for search in found.searches:
        assert search.worker_hours == pytest.approx(10 * search.hours)
        volumes = [volume for _, volume in search.hypervolume]
        assert 0 < volumes[0] <= volumes[1] <= volumes[2] < 1
        assert search.hypervolume[-1][0] == pytest.approx(search.hours)
        assert search.busy_hours == pytest.approx(search.utilisation * search.worker_hours)
        assert search.over_time == tuple(sorted(search.over_time))
        assert (len(search.over_time), search.over_time[-1]) == (100, search.hypervolume[-1])
        assert search.at(search.hours) == volumes[-1]
        assert search.at(0) is None
    assert found.to_dict()["cluster"]["workers"] == 10


@pytest.mark.parametrize(
    "change",
    [{"spread": 1e200}, {"failures": 0.9999999999}, {"workers": 10**9}, {"seconds": 1e308}, {"slowness": 1e308}],
)
def test_a_cluster_beyond_all_use_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match=rf"ClusterModel: {next(iter(change))}: input should be less than or equal"):
        ClusterModel(**change)


def test_a_strategy_that_proposes_batches_only_cannot_be_simulated() -> None:
    setup = resolve(SearchConfig.parse({**preset("digits-bench"), "budget": 20}, "test"), Path(), "test")

    class Batches(RandomSearch):
        needs_batches = True

    setup = replace(setup, strategy=Batches(setup.problem))
    with pytest.raises(InputError, match="proposes batches only; simulate another strategy"):
        simulate_cluster(setup, MODEL)


def test_results_that_take_time_are_made_up() -> None:
    content = {**preset("digits"), "budget": 40, "strategy": "nsga2", "final_evaluation": {"seeds": 1}}
    setup = resolve(SearchConfig.parse(content, "test"), Path(), "test")
    found = simulate_cluster(setup, MODEL)
    assert found.planted
    for search in found.searches:
        assert search.evaluations == 40
        assert search.writes == pytest.approx(80 / (3600 * search.hours))
        assert 0 < search.hypervolume[-1][1] < 1  # type: ignore[operator]
    planted = PlantedResults(setup)
    genomes = setup.space.sample(50, np.random.default_rng(1))
    tasks = [Task(setup.space.decode(genome), seed) for seed, genome in enumerate(genomes)]
    values = [planted.evaluate(task, Context()).metrics for task in tasks]
    assert values == [planted.evaluate(task, Context()).metrics for task in tasks]
    accuracies = [value["robust_accuracy"] for value in values]
    assert 0.3 < spearmanr(accuracies, setup.space.cost(genomes).flops).statistic < 0.95
    assert 0 < min(accuracies) < max(accuracies) < 1
