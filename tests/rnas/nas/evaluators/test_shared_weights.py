"""Searches with the weights of a supernet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnas.attacks.pgd import PGD
from rnas.data.dataset import divide
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation.robustness import evaluate_robustness
from rnas.experiment import open_experiment
from rnas.experiments import resolve
from rnas.nas.config import FidelitySettings, SearchConfig
from rnas.nas.evaluators.evaluator import Context, Evaluator, Status, Task
from rnas.nas.evaluators.shared_weights import SharedWeights, SharedWeightsSettings
from rnas.nas.fidelity_study import FidelityStudy
from rnas.nas.search import Search
from rnas.nas.supernet.settings import supernet_settings, weights_of
from rnas.nas.supernet.statistics import measure_statistics
from rnas.nas.supernet.supernet import Supernet
from rnas.networks.architecture import Architecture
from rnas.testing.evaluator import EvaluatorConformance
from rnas.training.numerics import Numerics
from rnas.training.plan import Plan
from search_spaces.nas_bench_201 import NASBench201
from tests.rnas.experiments_small import supernet

SPACE = {"name": "nas-bench-201", "channels": 2, "cells": 1}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("supernet") / "shared"
    supernet(path).run()
    return path


def space(channels: int = 2) -> NASBench201:
    return NASBench201(NASBench201.Settings(channels=channels, cells=1), (1, 8, 8), 10)


def evaluator_of(path: Path, **settings: Any) -> SharedWeights:
    return SharedWeights(SharedWeightsSettings(supernet=path, **settings), space())


class TestConformance(EvaluatorConformance):
    @pytest.fixture(autouse=True)
    def _directory(self, trained: Path) -> None:
        self._path = trained

    def make(self) -> Evaluator:
        return evaluator_of(self._path, finetune_epochs=1)

    def architectures(self) -> Sequence[Architecture]:
        return [space().parse(text) for text in ("333333", "321130")]


def test_without_fine_tuning_a_network_has_the_shared_weights(trained: Path, tmp_path: Path) -> None:
    evaluator = evaluator_of(trained, finetune_epochs=0)
    network = space().parse("323131")
    task = Task(network, 4)
    evaluation = evaluator.evaluate(task, Context(folder=tmp_path))
    settings = supernet_settings(trained)
    splits = divide(load_dataset("digits", None), settings.images, settings.split_seed)
    shared = Supernet(space())
    shared.read(weights_of(trained))
    model = shared.standalone(network)
    settings.recipe.numerics.prepare(model)
    plan = Plan(settings.recipe, settings.fidelity, settings.eps, 10, settings.augmentation)
    measure_statistics(model, splits["train"], plan, task.seed)
    attacks = [PGD(settings.eps, 1, settings.evaluation.step, loss) for loss in ("cross-entropy", "margin")]
    with Numerics().active(torch.device("cpu")):
        found = evaluate_robustness(model, splits["search_val"], attacks, settings.split_seed)
    assert evaluation.status is Status.COMPLETE, evaluation.reason
    assert {name: evaluation.metrics[name] for name in found.metrics()} == found.metrics()
    assert evaluation.curve == ()
    assert evaluation.provenance["supernet"]["finetune_epochs"] == 0
    [weights] = tmp_path.iterdir()
    assert evaluator.evaluate_weights(task, weights, Context()).metrics == evaluation.metrics


def test_fine_tuning_begins_at_the_shared_weights_and_random_training_does_not(trained: Path) -> None:
    evaluator = evaluator_of(trained, finetune_epochs=2, shared_rungs=[0], standalone={"epochs": 6})
    assert [dict(rung.fidelity).get("finetune_epochs") for rung in evaluator.rungs] == [0, 2, None]
    assert evaluator.rungs[-1].fidelity["epochs"] == 6
    task = Task(space().parse("333333"), 0)
    costs = [evaluator.cost(Task(task.architecture, 0, rung.fidelity)).images for rung in evaluator.rungs]
    assert [rung.share for rung in evaluator.rungs] == [cost / costs[-1] for cost in costs]
    tuned = evaluator.evaluate(Task(task.architecture, 0, evaluator.rungs[1].fidelity), Context())
    alone = evaluator.evaluate(task, Context())
    assert [len(tuned.curve), len(alone.curve)] == [2, 6]
    settings = supernet_settings(trained)
    assert max(row["learning_rate"] for row in tuned.curve) <= 0.1 * settings.recipe.learning_rate
    assert "test_robust_accuracy" in alone.metrics
    assert "test_robust_accuracy" not in tuned.metrics
    assert "supernet" not in alone.provenance
    words = [evaluator.stage(Task(task.architecture, 0, rung.fidelity), 0.0) for rung in evaluator.rungs]
    assert words == ["attacked", "epoch 1 of 2", "epoch 1 of 6"]


def test_a_search_climbs_from_shared_weights_and_its_rungs_are_studied(trained: Path, tmp_path: Path) -> None:
    config = {
        "space": SPACE,
        "evaluator": {"supernet": str(trained), "finetune_epochs": 0, "standalone": {"epochs": 4}},
        "strategy": "random",
        "budget": 3,
        "batch_size": 2,
        "workers": 0,
    }
    search = Search.create(SearchConfig.parse(config, "test"), tmp_path / "search")
    result = search.run()
    assert {record.rung for record in result.records} == {0, 1}
    assert result.cost is not None
    whole = open_experiment(trained).result().cost
    evaluations = [record.evaluation for record in result.records if record.evaluation is not None]
    seconds = whole.device_seconds + sum(evaluation.seconds for evaluation in evaluations)
    assert result.cost.device_seconds == pytest.approx(seconds)
    evaluator: Any = search.setup.evaluator
    images = [evaluator.cost(Task(r.architecture, r.seed, r.fidelity)).images for r in result.records]
    assert result.cost.images == whole.images + sum(images)
    assert result.to_dict()["cost"] == result.cost.to_dict()
    assert resolve(f"{result.path}:{result.records[-1].key}").search_cost == result.cost
    settings = FidelitySettings(search=search.path, architectures=10, bands=1, seeds=2)
    study = FidelityStudy.create(settings, tmp_path / "study").run(workers=0)
    [quality] = study.quality
    assert quality.architectures == 10
    assert quality.ceiling is not None
    assert "shared weights (" in (tmp_path / "study" / "report.html").read_text()


def test_what_does_not_fit_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the supernet has no network .*: search a space within that of the supernet"):
        SharedWeights(SharedWeightsSettings(supernet=trained), space(channels=4))
    with pytest.raises(InputError, match=r"shared_rungs: the rungs have 3, 3 epochs .*: give numbers that ascend"):
        evaluator_of(trained, shared_rungs=[3])
    with pytest.raises(InputError, match="standalone: training from random weights costs no more"):
        evaluator_of(trained, finetune_epochs=9, standalone={"epochs": 1})
    with pytest.raises(InputError, match=r"is not a supernet: it has no config.yaml"):
        evaluator_of(tmp_path)
    supernet(tmp_path / "new")
    with pytest.raises(InputError, match="has no shared weights yet: resume it"):
        evaluator_of(tmp_path / "new")
    assert np.isfinite(evaluator_of(trained).rungs[0].share)
