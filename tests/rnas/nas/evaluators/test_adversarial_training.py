import pickle
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rnas import registry
from rnas.errors import InputError
from rnas.evaluation.training_settings import EvaluationSettings
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.adversarial_training import AdversarialTraining, AdversarialTrainingSettings
from rnas.nas.evaluators.evaluator import Context, Evaluation, Evaluator, Status, Task
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.networks.residual import ResidualNetwork
from rnas.testing.evaluator import EvaluatorConformance
from rnas.training.trainer import Trainer
from search_spaces.robust_resnet import RobustResNetSpace

NETWORK = ResidualNetwork(depths=(1, 1, 1), channels=(8, 8, 16), stem_width=8, upsample=2)
SHORT = {
    "images": {"train": 256, "search_val": 100, "test": 100},
    "fidelity": {"epochs": 3, "batch_size": 32, "attack_steps": 2, "attack_step": "1/2"},
    "evaluation": {"steps": 3, "step": "1/2"},
    "eps": "1/10",
}


def evaluator(**changes: Any) -> AdversarialTraining:
    settings = AdversarialTrainingSettings.model_validate({"train": {**SHORT, **changes}})
    space = RobustResNetSpace(RobustResNetSpace.Settings(), *AdversarialTraining.image_format(settings))
    return AdversarialTraining(settings, space)


class TestConformance(EvaluatorConformance):
    def make(self) -> Evaluator:
        fidelity = {"epochs": 1, "batch_size": 32, "attack_steps": 1, "attack_step": "1"}
        return evaluator(images={"train": 64, "search_val": 40, "test": 40}, fidelity=fidelity)

    def architectures(self) -> list[ResidualNetwork]:
        return [NETWORK, replace(NETWORK, depths=(1, 2, 1))]


@pytest.fixture(scope="module")
def result() -> Evaluation:
    return evaluator().evaluate(Task(NETWORK, 0), Context())


def test_it_gives_search_val_and_test_scores_with_all_that_decided_them(result: Evaluation) -> None:
    assert result.status is Status.COMPLETE
    names = ["clean_accuracy", "robust_accuracy", "robust_margin"]
    assert sorted(result.metrics) == sorted([*names, *(f"test_{name}" for name in names)])
    for name, value in result.metrics.items():
        low, high = evaluator().bounds[name]
        assert low <= value <= high
    assert result.metrics["robust_accuracy"] <= result.metrics["clean_accuracy"]
    assert [point["epoch"] for point in result.curve] == [1, 2, 3]
    assert result.provenance["evaluation"]["epsilon"] == "1/10"
    assert result.provenance["recipe"]["name"] == "short-sat"
    assert result.provenance["fidelity"]["epochs"] == 3
    assert result.provenance["data"]["images"] == {"train": 256, "val": 0, "search_val": 100, "test": 100}
    assert {"torch", "python", "rnas"} <= set(result.provenance["versions"])


def test_it_learns_and_repeats_to_the_last_bit(result: Evaluation) -> None:
    assert result.curve[-1]["loss"] < result.curve[0]["loss"]
    again = evaluator().evaluate(Task(NETWORK, 0), Context())
    assert again.metrics == result.metrics
    assert [point["loss"] for point in again.curve] == [point["loss"] for point in result.curve]


def test_the_seed_and_the_fidelity_decide(result: Evaluation) -> None:
    other = evaluator().evaluate(Task(NETWORK, 1), Context())
    assert other.metrics != result.metrics
    shorter = evaluator().evaluate(Task(NETWORK, 0, {"epochs": 1, "batch_size": 32}), Context())
    assert len(shorter.curve) == 1
    assert shorter.provenance["recipe_hash"] != result.provenance["recipe_hash"]
    assert shorter.provenance["data"] == result.provenance["data"]


def test_the_global_generator_is_left_as_found() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    evaluator().evaluate(Task(NETWORK, 0, {"epochs": 1, "batch_size": 64}), Context())
    assert torch.equal(torch.get_rng_state(), before)


def test_it_travels_without_its_images() -> None:
    travelled = pickle.dumps(evaluator())
    assert len(travelled) < 20_000
    assert pickle.loads(travelled).settings == evaluator().settings


def test_weights_are_kept_where_asked(result: Evaluation, tmp_path: Path) -> None:
    evaluator().evaluate(Task(NETWORK, 0, {"epochs": 1, "batch_size": 64}), Context(folder=tmp_path / "weights"))
    (file,) = (tmp_path / "weights").iterdir()
    assert file.name == f"{arch.key(NETWORK)}.safetensors"
    model = NETWORK.build(10, (1, 8, 8))
    model.load_state_dict(load_file(file))


@pytest.mark.parametrize("recipe", [{}, {"numerics": {"channels_last": False}}, {"averaging": {"name": "swa"}}])
def test_stored_weights_give_the_same_numbers_again(recipe: dict[str, Any], tmp_path: Path) -> None:
    own = evaluator(recipe={"name": "short-sat", **recipe})
    task = Task(NETWORK, 0, {"epochs": 1, "batch_size": 64})
    trained = own.evaluate(task, Context(folder=tmp_path))
    again = own.evaluate_weights(task, tmp_path / f"{arch.key(NETWORK)}.safetensors", Context())
    assert again.metrics == trained.metrics
    assert again.provenance["weights"] == trained.provenance["weights"]
    assert own.provenance(task, "cpu").items() <= trained.provenance.items()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    other = replace(NETWORK, depths=(1, 2, 1))
    evaluator().evaluate(Task(other, 0, {"epochs": 1, "batch_size": 64}), Context(folder=tmp_path))
    with pytest.raises(InputError, match="does not fit"):
        evaluator().evaluate_weights(Task(NETWORK, 0), tmp_path / f"{arch.key(other)}.safetensors", Context())


def test_a_deadline_stops_it_with_status_timeout() -> None:
    result = guard.evaluate(evaluator(), Task(NETWORK, 0), Context(deadline=time.monotonic() - 1))
    assert result.status is Status.TIMEOUT
    assert "0% done" in result.reason


def test_a_full_disk_is_no_failure_of_the_network() -> None:
    def onto_a_full_disk(share: float) -> None:
        Path("/dev/full").write_text(str(share))

    with pytest.raises(OSError, match="No space left"):
        guard.evaluate(evaluator(), Task(NETWORK, 0), Context(progress=onto_a_full_disk))


def test_progress_rises_to_the_end() -> None:
    shares: list[float] = []
    own, task = evaluator(), Task(NETWORK, 0)
    own.evaluate(task, Context(progress=shares.append))
    assert shares == sorted(shares)
    assert shares[0] == 0
    stages = dict.fromkeys(own.stage(task, share) for share in shares)
    epochs = own.settings.train.fidelity.epochs
    assert list(stages) == [*(f"epoch {epoch} of {epochs}" for epoch in range(1, epochs + 1)), "attacked"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"recipe": {"name": "sat", "learning_rate": 1e30, "clip_norm": None}}, Status.DIVERGED),
        ({}, Status.COMPLETE),
    ],
)
def test_divergence_is_a_status(changes: dict[str, Any], status: Status) -> None:
    assert guard.evaluate(evaluator(**changes), Task(NETWORK, 0), Context()).status is status


def test_a_network_that_cannot_run_here_fails_with_its_reason() -> None:
    impossible = ResidualNetwork((1, 1, 1), (8, 8, 8), (Block(normalization="instance"),))
    settings = AdversarialTrainingSettings.model_validate({"train": SHORT})
    space = RobustResNetSpace(RobustResNetSpace.Settings(), (1, 4, 4), 10)
    result = guard.evaluate(AdversarialTraining(settings, space), Task(impossible, 0), Context())
    assert result.status is Status.FAILED
    assert "1x1" in result.reason


def test_defaults_are_the_datas_own() -> None:
    settings = AdversarialTrainingSettings.model_validate({"train": {}})
    resolved = settings.train.resolved()
    assert resolved.eps == Fraction(3, 20)
    assert resolved.images.search_val == resolved.images.test == 450
    assert resolved.resolved() == resolved


def test_an_estimate_is_of_seconds_and_bytes() -> None:
    """How near it comes is measured by ``benchmarks/speed.py``."""
    estimate = evaluator().estimate(Task(NETWORK, 0), Context())
    assert estimate.seconds > 0
    assert estimate.memory > 2**20


def test_an_estimate_is_of_the_images_that_are_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    # On this clock a training step takes a second, and nothing else takes any time.
    monkeypatch.setattr(Trainer, "step_seconds", lambda trainer: 1.0)
    monkeypatch.setattr("rnas.nas.evaluators.adversarial_training.image_seconds", lambda *_: 0.0)
    images = {"train": 1_000, "search_val": 8, "test": 8}
    whole, few = (
        evaluator(images=images, fidelity={"epochs": 500, "batch_size": 20, "attack_steps": 1, "images": number})
        for number in (1_000, 40)
    )
    task = Task(NETWORK, 0)
    assert (few.estimate(task, Context()).seconds, whole.estimate(task, Context()).seconds) == (1_000, 25_000)


def test_further_threats_give_their_worst_case_and_leave_all_else_as_it_is(result: Evaluation) -> None:
    wider = evaluator(evaluation={**SHORT["evaluation"], "threats": ["unseen"]})
    found = wider.evaluate(Task(NETWORK, 0), Context())
    assert result.metrics.items() <= found.metrics.items()
    further = {"l2_accuracy", "l1_accuracy", "worst_case_accuracy", "corruption_accuracy"}
    assert found.metrics.keys() - result.metrics.keys() == {f"{of}{name}" for of in ("", "test_") for name in further}
    assert found.metrics.keys() <= wider.bounds.keys()
    for of in ("", "test_"):
        own = [found.metrics[f"{of}{name}_accuracy"] for name in ("robust", "l2", "l1")]
        assert max(sum(own) - 2, 0) - 1e-9 <= found.metrics[f"{of}worst_case_accuracy"] <= min(own)
    assert 0.1 < found.metrics["test_corruption_accuracy"] < found.metrics["test_clean_accuracy"]
    # Of 64 pixels at 1/10: 0.863 of epsilon * 8, and 0.415 of epsilon * 64.
    assert found.provenance["evaluation"]["threats"] == ["l2:0.69", "l1:2.7"]
    assert found.provenance["recipe_hash"] == result.provenance["recipe_hash"]
    assert wider.cost(Task(NETWORK, 0)).images > evaluator().cost(Task(NETWORK, 0)).images
    alone = evaluator(evaluation={**SHORT["evaluation"], "threats": ["l2:0"]}).evaluate(Task(NETWORK, 0), Context())
    assert alone.metrics["test_l2_accuracy"] == alone.metrics["test_clean_accuracy"]
    assert alone.metrics["test_worst_case_accuracy"] == alone.metrics["test_robust_accuracy"]


@pytest.mark.parametrize(
    ("threats", "message"),
    [
        (["l2:x"], "threat 'l2:x': "),
        (["l2:1", "l2:2"], "give at most one ball of each norm"),
        (["unseen", "l2:2"], "unseen stands for balls of its own"),
    ],
)
def test_threats_that_cannot_be_told_apart_are_refused(threats: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EvaluationSettings(threats=tuple(threats))


def test_diagnostics_are_metrics_like_any_other() -> None:
    names = ["perturbation-stability", "sparsity"]
    diagnosing = evaluator(evaluation={"steps": 2, "step": "1/2", "diagnostics": names})
    metrics = diagnosing.evaluate(Task(NETWORK, 0, {"epochs": 1, "batch_size": 64}), Context()).metrics
    plain = evaluator(evaluation={"steps": 2, "step": "1/2"})
    assert set(plain.bounds) < set(diagnosing.bounds) <= set(metrics)
    expected = plain.evaluate(Task(NETWORK, 0, {"epochs": 1, "batch_size": 64}), Context()).metrics
    assert {name: metrics[name] for name in expected} == expected


@dataclass(frozen=True)
class Claiming:
    """A diagnostic that gives a metric of another's."""

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {"robust_accuracy": (-1.0, 1.0)}

    def covers(self, architecture: Architecture) -> bool:
        return True


def test_a_metric_has_one_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load
    theirs = {"claiming": Claiming(), "again": load(registry.DIAGNOSTICS, "sparsity")}
    names = [*registry.names(registry.DIAGNOSTICS), *theirs]
    monkeypatch.setattr(registry, "names", lambda group: names)
    monkeypatch.setattr(registry, "load", lambda group, name: theirs.get(name) or load(group, name))
    with pytest.raises(InputError, match="claiming gives 'robust_accuracy', which the evaluator gives"):
        evaluator(evaluation={"diagnostics": ["claiming"]})
    with pytest.raises(InputError, match=r"again gives '.*', which sparsity gives"):
        evaluator(evaluation={"diagnostics": ["sparsity", "again"]})


def test_extra_images_are_trained_on_and_recorded(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 17, (40, 8, 8, 1), dtype=np.uint8)
    np.savez(tmp_path / "extra.npz", image=images, label=np.arange(40) % 10)
    recipe = {"name": "short-sat", "extra_fraction": 0.5}
    result = evaluator(recipe=recipe, extra=tmp_path / "extra.npz").evaluate(Task(NETWORK, 0), Context())
    assert result.status is Status.COMPLETE
    assert result.provenance["data"]["extra"]["images"] == 40


def test_a_recipe_that_a_search_cannot_follow_is_refused() -> None:
    with pytest.raises(InputError, match="needs extra data: set extra"):
        evaluator(recipe="rst")
    with pytest.raises(InputError, match=r"set recipe\.activation to null"):
        evaluator(recipe={"name": "aat", "extra_fraction": 0})
    with pytest.raises(ValueError, match="unknown diagnostic 'fsp'"):
        evaluator(evaluation={"diagnostics": ["fsp"]})
    with pytest.raises(InputError, match="density is not defined for networks of kind residual"):
        evaluator(evaluation={"diagnostics": ["density"]})


def test_rungs_are_priced_by_their_passes_and_lower_ones_leave_the_test_split_alone(tmp_path: Path) -> None:
    tried = evaluator(rungs=[{"epochs": 1}, {"epochs": 2, "images": 200}])
    lowest, middle, highest = tried.rungs
    # A training passes each image three times, with an inner attack of two steps; an attack is two runs of three steps.
    most = 3 * 256 * 3 + 6 * 200
    assert highest.share == 1.0
    assert lowest.share == pytest.approx((256 * 3 + 6 * 100) / most)
    assert middle.share == pytest.approx((2 * 200 * 3 + 6 * 100) / most)
    assert (lowest.fidelity["epochs"], middle.fidelity["images"]) == (1, 200)
    found = tried.evaluate(Task(NETWORK, 0, lowest.fidelity), Context(folder=tmp_path))
    assert set(found.metrics) == {"clean_accuracy", "robust_accuracy", "robust_margin"}
    assert len(found.curve) == 1
    assert not list(tmp_path.iterdir())


def test_rungs_that_do_not_go_upwards_are_refused() -> None:
    with pytest.raises(InputError, match="rungs: rung 1 costs no less than the one above it"):
        evaluator(rungs=[{"epochs": 50}])
    with pytest.raises(InputError, match="rungs: rung 1 is the highest one again"):
        evaluator(rungs=[{}])
