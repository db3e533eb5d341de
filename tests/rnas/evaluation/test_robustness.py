from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from rnas.attacks.pgd import PGD
from rnas.data.dataset import divide
from rnas.data.digits import load
from rnas.evaluation.robustness import evaluate_robustness, image_seconds, judge
from rnas.training import _cuda_graph as cuda_graph
from tests.arithmetic import FLOAT32, Recording
from tests.rnas.training.tape import TAPES, recorded

PART = divide(load(None), load(None).splits, 0)["search_val"].first(60)
ATTACKS = (PGD(Fraction(1, 10), 5), PGD(Fraction(1, 10), 5, loss="margin"))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_worst_case_is_at_most_each() -> None:
    both = evaluate_robustness(network(), PART, ATTACKS, 0)
    for number, attack in enumerate(ATTACKS):
        # The seed of an attack is its own, so the second one is given the first one's place only alone.
        alone = evaluate_robustness(network(), PART, (attack,), 0)
        assert not (both.robust & ~alone.clean).any()
        if number == 0:
            assert not (both.robust & ~alone.robust).any()
    assert not (both.robust & ~both.clean).any()
    assert ((both.margin > 0) == both.robust).all()


def test_batches_change_nothing() -> None:
    whole = evaluate_robustness(network().double(), _double(PART), ATTACKS, 0, batch_size=60)
    splits = evaluate_robustness(network().double(), _double(PART), ATTACKS, 0, batch_size=7)
    assert torch.equal(whole.robust, splits.robust)
    assert torch.allclose(whole.margin, splits.margin)


def _double(split):
    class Double(type(split)):
        def images(self, rows) -> Tensor:
            return super().images(rows).double()

    return Double(split.pixels, split.labels, split.ids, split.white)


def test_logits_that_are_not_finite_are_broken_images() -> None:
    logits = torch.tensor([[torch.nan] * 3, [5.0, 1.0, 0.0], [torch.inf, 0.0, 0.0], [0.0, 2.0, 0.0]])
    right, margin = judge(logits, torch.tensor([0, 0, 0, 0]))
    assert right.tolist() == [False, True, False, False]
    assert margin[0] == margin[2] == -1
    assert 0 < margin[1] < 1
    assert -1 < margin[3] < 0


class _Broken(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, images: Tensor) -> Tensor:
        return self.inner(images) * torch.nan


def test_a_network_of_nans_scores_nothing() -> None:
    metrics = evaluate_robustness(_Broken(), PART, ATTACKS, 0).metrics("test_")
    assert metrics == {"test_clean_accuracy": 0.0, "test_robust_accuracy": 0.0, "test_robust_margin": -1.0}


def test_mode_is_left_as_found_and_dropout_is_off() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(64, 10)).train()
    one = evaluate_robustness(model, PART, ATTACKS[:1], 0)
    assert model.training
    assert torch.equal(one.margin, evaluate_robustness(model, PART, ATTACKS[:1], 0).margin)


def test_check_may_stop_it() -> None:
    def stop(share: float) -> None:
        raise TimeoutError(share)

    with pytest.raises(TimeoutError):
        evaluate_robustness(network(), PART, ATTACKS, 0, check=stop)


def test_an_image_is_timed_in_the_arithmetic_in_which_it_is_evaluated(fresh_switches: None) -> None:
    torch.set_float32_matmul_precision("high")
    recording = Recording(network())
    assert image_seconds(recording, PART, ATTACKS[:1]) > 0
    assert recording.seen == {FLOAT32}


def test_attacks_in_graphs_give_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    attacks = (*ATTACKS, PGD(Fraction(1, 2), 2, norm="l2"), PGD(Fraction(1, 10), 2, restarts=2))
    expected = evaluate_robustness(model, PART, attacks, 0, 7)
    TAPES.clear()
    monkeypatch.setitem(cuda_graph.CAPTURES, "cpu", recorded)
    found = evaluate_robustness(model, PART, attacks, 0, 7, graphs=True)
    assert torch.equal(found.robust, expected.robust)
    assert torch.equal(found.margin, expected.margin)
    # Restarts choose images, and few batches are not worth a graph.
    assert len(TAPES) == 3
    evaluate_robustness(model, PART, attacks, 0, 20, graphs=True)
    assert len(TAPES) == 3
