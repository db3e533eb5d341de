"""Running attacks: what each is run on, and going on after an interruption at any batch."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.autoattack_ensembles import Ensemble
from rnas.attacks.losses import misclassified
from rnas.attacks.named import named_attack
from rnas.data.dataset import Split
from rnas.evaluation._attack_run import AttackRun, PlannedAttack, Progress, run_attacks
from rnas.evaluation._evaluation_state import EvaluationState
from rnas.evaluation.robustness import evaluate_robustness
from rnas.evaluation.threats import parse_threat
from rnas.training import _cuda_graph as cuda_graph
from tests.rnas.evaluation.digits_networks import images_of_test
from tests.rnas.training.tape import TAPES, recorded

THREAT = parse_threat("linf:3/20")
L2 = parse_threat("l2:0.5")
SHORT = ("pgd3", "apgd-ce", "square50")


def planned(name: str, threat: Any = THREAT) -> PlannedAttack:
    return PlannedAttack(name, threat, named_attack(name, threat.epsilon, threat.norm))


def ensemble(*names: str) -> PlannedAttack:
    attack = Ensemble("ours", tuple((name, named_attack(name, THREAT.epsilon)) for name in names))
    return PlannedAttack("ours", THREAT, attack)


def run(
    model: nn.Module,
    plan: Sequence[PlannedAttack],
    split: Split | None = None,
    batch_size: int = 16,
    state: EvaluationState | None = None,
    **settings: Any,
) -> AttackRun:
    state = state or EvaluationState({})
    return run_attacks(model, split or images_of_test(60), plan, 10, 0, batch_size, state, **settings)


def test_each_attack_alone_is_what_the_searchs_evaluation_says(robust_network: nn.Module) -> None:
    split = images_of_test(60)
    result = run(robust_network, [planned("pgd3"), planned("fgsm")])
    for attack in result.attacks:
        alone = evaluate_robustness(robust_network, split, [attack.planned.attack], 0)
        assert torch.equal(result.clean, alone.clean)
        assert torch.equal(attack.right, alone.robust)
        assert torch.equal(attack.steps[0].attacked, alone.clean)
        assert 0 < attack.right.sum() < result.clean.sum() < 60


@pytest.mark.slow
def test_neither_the_other_attacks_nor_the_batches_change_a_result(robust_network: nn.Module) -> None:
    plan, split = [*map(planned, SHORT), ensemble(*SHORT), planned("pgd3", L2)], images_of_test(30)
    whole = run(robust_network, plan, split, batch_size=30)
    small = run(robust_network, plan, split, batch_size=7)
    alone = [run(robust_network, [one], split, batch_size=13).attacks[0] for one in plan]
    for results in zip(whole.attacks, small.attacks, alone, strict=True):
        assert torch.equal(results[0].right, results[1].right)
        assert torch.equal(results[0].right, results[2].right)


def test_an_ensembles_attacks_see_only_what_is_left_in_full_batches(robust_network: nn.Module) -> None:
    seen: list[int] = []
    heads = named_attack("pgd3", THREAT.epsilon)

    class Watching:
        epsilon, norm = THREAT.epsilon, THREAT.norm

        def __call__(self, model: nn.Module, images: Tensor, *rest: Any) -> Tensor:
            seen.append(len(images))
            return heads(model, images, *rest)

    planned_watch = PlannedAttack(
        "ours", THREAT, Ensemble("ours", (("pgd20", named_attack("pgd20", THREAT.epsilon)), ("watch", Watching())))
    )
    result = run(robust_network, [planned_watch]).attacks[0]
    first, second = result.steps
    left = int((first.attacked & ~first.broken).sum())
    assert 16 < left < first.attacked.sum()
    assert seen == [16] * (left // 16) + ([left % 16] if left % 16 else [])
    assert torch.equal(second.attacked, first.attacked & ~first.broken)
    assert not (first.broken & second.broken).any()
    assert torch.equal(result.right, first.attacked & ~first.broken & ~second.broken)


def test_the_ensemble_is_the_same_as_an_attack_of_its_own(robust_network: nn.Module) -> None:
    split = images_of_test(60)
    plan = ensemble(*SHORT)
    result = run(robust_network, [plan], batch_size=60).attacks[0]
    attacked = plan.attack(robust_network, split.images(slice(None)), split.labels, split.ids, 0)
    assert torch.equal(result.right, ~misclassified(robust_network(attacked), split.labels))


def test_passes_are_counted(robust_network: nn.Module) -> None:
    (step,) = run(robust_network, [planned("pgd3")]).attacks[0].steps
    images = int(step.attacked.sum())
    assert step.state.done == images
    # Three steps, and the look at the result.
    assert (step.state.forward_passes, step.state.backward_passes) == (4 * images, 3 * images)
    assert step.state.zero_gradients == 0
    assert step.state.seconds > 0


def test_attacks_in_graphs_give_the_same_results_and_counts(
    robust_network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [planned("pgd3"), planned("pgd2-kl", L2), planned("apgd-ce"), planned("pgd2x2")]
    expected = run(robust_network, plan, batch_size=5)
    TAPES.clear()
    monkeypatch.setitem(cuda_graph.CAPTURES, "cpu", recorded)
    assert results_of(run(robust_network, plan, batch_size=5)) == results_of(expected)
    assert TAPES == []
    assert results_of(run(robust_network, plan, batch_size=5, graphs=True)) == results_of(expected)
    assert len(TAPES) == 2


class _StoppedError(Exception):
    pass


def results_of(result: AttackRun) -> list[Any]:
    return [
        result.clean.tolist(),
        *(
            (step.name, step.attacked.tolist(), step.broken.tolist(), step.state.model_dump(exclude={"seconds"}))
            for attack in result.attacks
            for step in attack.steps
        ),
    ]


@pytest.mark.slow
def test_stopped_at_any_batch_it_goes_on_to_the_same_end(robust_network: nn.Module, tmp_path: Path) -> None:
    plan = [planned("fgsm"), ensemble(*SHORT), planned("pgd3", L2)]
    split = images_of_test(24)
    told: list[Progress] = []
    whole = run(robust_network, plan, split, listener=told.append)
    for instant in range(0, len(told), 2):
        path, attacked = tmp_path / f"{instant}.state", []

        def stop(progress: Progress, instant: int = instant, attacked: list[Any] = attacked) -> None:
            attacked.append(progress)
            if len(attacked) > instant:
                raise _StoppedError

        with pytest.raises(_StoppedError):
            run(robust_network, plan, split, state=EvaluationState({}, path), listener=stop)
        rest: list[Progress] = []
        again = run(robust_network, plan, split, state=EvaluationState({}, path), listener=rest.append)
        assert results_of(again) == results_of(whole)
        # Batches that were done are not done again.
        assert sum(progress.done > 0 for progress in rest) < sum(progress.done > 0 for progress in told) + 1
    finished: list[Progress] = []
    run(robust_network, plan, split, state=EvaluationState({}, path), listener=finished.append)
    assert [progress.done for progress in finished] == [progress.images for progress in finished]
    assert [progress.kept for progress in finished] == [progress.images for progress in finished]
    assert {progress.kept for progress in told} == {0}
    assert len(finished) == 5


def test_what_a_listener_is_told(robust_network: nn.Module) -> None:
    told: list[Progress] = []
    result = run(
        robust_network, [planned("fgsm"), ensemble("pgd3", "pgd20"), planned("fgsm", L2)], listener=told.append
    )
    labels = list(dict.fromkeys((progress.attack, progress.number, progress.attacks) for progress in told))
    assert labels == [
        ("linf:3/20 fgsm", 1, 4),
        ("linf:3/20 ours pgd3", 2, 4),
        ("linf:3/20 ours pgd20", 3, 4),
        ("l2:0.5 fgsm", 4, 4),
    ]
    for attack in (1, 2, 3, 4):
        of_it = [progress for progress in told if progress.number == attack]
        assert [progress.done for progress in of_it] == [*range(0, of_it[0].images, 16), of_it[0].images]
        assert (of_it[0].share, of_it[-1].share) == ((attack - 1) / 4, attack / 4)
        assert all(before.right >= after.right for before, after in pairwise(of_it))
    steps = [step for attack in result.attacks for step in attack.steps]
    assert [int(step.broken.sum()) for step in steps] == [
        [progress.broken for progress in told if progress.number == number][-1] for number in (1, 2, 3, 4)
    ]


class _NaNs(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)[:, :10] * torch.nan


def test_a_network_of_nans_is_right_on_nothing() -> None:
    result = run(_NaNs(), [ensemble(*SHORT)])
    assert not result.clean.any()
    assert [int(step.attacked.sum()) for step in result.attacks[0].steps] == [0, 0, 0]


def test_logits_that_become_nan_under_attack_are_broken(robust_network: nn.Module) -> None:
    class NaNAway(nn.Module):
        """NaN for images that are not among the data."""

        def forward(self, images: Tensor) -> Tensor:
            levels = images * 16
            known = (levels == levels.round()).flatten(1).all(1)
            return torch.where(known[:, None], robust_network(images), torch.nan)

    result = run(NaNAway(), [replace(planned("fgsm"))])
    assert result.clean.any()
    assert not result.attacks[0].right.any()


def test_few_classes_leave_attacks_out() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).eval()
    split = images_of_test(60)
    binary = Split(split.pixels, split.labels % 2, split.ids, split.white)
    fast = planned("autoattack-fast")
    result = run_attacks(model, binary, [fast], 2, 0, 16, EvaluationState({}))
    assert [step.name for step in result.attacks[0].steps] == ["pgd20", "apgd-ce"]
    assert result.attacks[0].planned.attack.epsilon == Fraction(3, 20)
