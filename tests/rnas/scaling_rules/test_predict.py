"""Predictions of a run whose ground truth is known."""

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.result import SearchResult
from rnas.networks.residual import ResidualNetwork
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._predict import predict_at_budgets
from rnas.scaling_rules.candidates import BudgetCandidates, uniform_rule
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.prediction import ROBUST_SCALING, RULE, SEARCHED, TOLERANCE, UNIFORM, RulePrediction
from rnas.utils.quantities import Band
from tests.rnas.synthetic_evaluator import BEST_SHARE, CLASSES, CONFIG, IMAGES, mean_score, run_in_memory

BUDGET = 40_000_000


@pytest.fixture(scope="module")
def run() -> SearchResult:
    return run_in_memory(CONFIG, 60)


@pytest.fixture(scope="module")
def prediction(run: SearchResult) -> RulePrediction:
    return predict_at_budgets(run, (BUDGET,), Band(), (1, 2, 3), "score")


def test_the_planted_share_is_scaled_to_a_larger_budget(prediction: RulePrediction, run: SearchResult) -> None:
    (budget,) = prediction.budgets
    networks = {candidate.name: candidate for candidate in budget.candidates}
    assert list(networks) == [RULE, ROBUST_SCALING, UNIFORM, SEARCHED]
    shares = {name: c.network.depths[-1] / sum(c.network.depths) for name, c in networks.items()}
    assert shares[RULE] == pytest.approx(BEST_SHARE, abs=0.1)
    assert shares[ROBUST_SCALING] == pytest.approx(0.2, abs=0.05)
    assert shares[UNIFORM] == pytest.approx(1 / 3, abs=0.1)
    for candidate in budget.candidates:
        assert candidate.flops == candidate.network.cost(IMAGES, CLASSES).flops
        assert abs(candidate.flops / BUDGET - 1) <= TOLERANCE
        assert candidate.network.stem_width == 8
        assert candidate.network.blocks[0].activation == "silu"
    base = next(record.architecture for record in run.complete if record.key == prediction.base)
    assert isinstance(base, ResidualNetwork)
    assert networks[RULE].network.blocks == base.blocks
    assert networks[SEARCHED].chosen.startswith("best predicted of ")


def test_the_gain_is_predicted_with_its_sign(prediction: RulePrediction) -> None:
    (budget,) = prediction.budgets
    networks = {candidate.name: candidate.network for candidate in budget.candidates}
    truth = mean_score(networks[RULE]) - mean_score(networks[ROBUST_SCALING])
    gain = budget.gains[ROBUST_SCALING]
    assert gain.low > 0
    assert gain.low <= truth <= gain.high


@pytest.mark.slow
def test_it_is_the_same_again(prediction: RulePrediction, run: SearchResult) -> None:
    assert predict_at_budgets(run, (BUDGET,), Band(), (1, 2, 3), "score").text == prediction.text


@pytest.mark.slow
def test_evaluations_at_the_budget_are_held_out(run: SearchResult) -> None:
    flops = Observations.from_run(run).flops
    budget = int(np.sort(flops)[40])
    near = np.abs(flops / budget - 1) <= TOLERANCE
    found = predict_at_budgets(run, (budget,), Band(), (1,), "score")
    assert found.fitted == len(flops) - near.sum() < len(flops)
    searched = found.budgets[0].candidates[-1]
    there = [record for record, held in zip(run.complete, near, strict=True) if held]
    assert searched.key == max(there, key=lambda record: record.metrics["score"]).key
    assert searched.chosen == f"best of {len(there)} evaluated"
    below = predict_at_budgets(run, (budget,), Band(0, int(budget * 0.9)), (1,), "score")
    assert below.fitted == (flops <= int(budget * 0.9)).sum()
    assert below.fitted_flops[1] < budget
    assert below.ledger != found.ledger


def test_bands_that_cannot_be(run: SearchResult) -> None:
    with pytest.raises(InputError, match="which holds the test budget 40M"):
        predict_at_budgets(run, (BUDGET,), Band(1_000_000, None), (1,), "score")
    with pytest.raises(InputError, match="a rule needs at least 20"):
        predict_at_budgets(run, (BUDGET,), Band(0, 5_000_000), (1,), "score")
    with pytest.raises(InputError, match="each test budget once"):
        predict_at_budgets(run, (BUDGET, BUDGET), Band(), (1,), "score")


def test_uniform_is_no_rule_or_what_networks_had_on_average(run: SearchResult) -> None:
    observations = Observations.from_run(run)
    rule = uniform_rule(observations)
    assert (*rule.depths, *rule.widths) == pytest.approx([1 / 3] * 6)
    assert rule.depth_share == 0.5
    shares = observations.depth_to_width
    deep = np.flatnonzero(shares > 0.6)
    assert uniform_rule(observations[deep]).depth_share == pytest.approx(shares[deep].mean(), abs=0.01)


def test_units_of_width_do_not_change_the_rule(run: SearchResult) -> None:
    """Widths are scaled in units of 8, 16 and 32 channels here; shares and r_D are of 16, 32 and 64."""
    budget_candidates = BudgetCandidates(run.setup, "score", run.complete, run.complete, 400_000_000, TOLERANCE)
    network = budget_candidates.by_rule(Rule()).network
    assert not any(np.array(network.channels) % (8, 16, 32))
    share = sum(network.depths) / (sum(network.depths) + sum(network.widenings))
    assert share == pytest.approx(0.7, abs=0.03)
    widths = np.array(network.widenings) / sum(network.widenings)
    assert widths == pytest.approx(np.array([2, 2.5, 1]) / 5.5, abs=0.05)
