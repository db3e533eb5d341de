import json
from dataclasses import replace

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.estimate import Family
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.power import STRENGTHS, SimulationPlan, outcomes, plan, simulated, summarize_power, true_values
from rnas.scaling_rules.verdict import Verdict
from rnas.statistics.interval import Interval
from tests.rnas.scaling_rules.grids import design


def scored(networks: int, noise: float = 0.5, seed: int = 0) -> Observations:
    """Depths and widths of 1 to 8; scores of log FLOPs with noise, whose shares decide nothing."""
    rng = np.random.default_rng(seed)
    depths, widths = (rng.integers(1, 9, (networks, 3)).astype(float) for _ in range(2))
    drawn = design(depths, widths)
    params = drawn.flops * rng.uniform(0.2, 5, networks)
    scores = 2 * np.log(drawn.flops) + noise * rng.standard_normal(networks)
    return Observations("score", scores, depths, widths, drawn.flops, params, {}, drawn.keys)


def moved(family: Family) -> Family:
    """With all intervals far off."""
    away = Interval(5.0, 4.9, 5.1)
    return replace(family, quantities=tuple(replace(quantity, optimum=away) for quantity in family.quantities))


@pytest.fixture(scope="module")
def planned() -> SimulationPlan:
    return plan(scored(200), simulations=3)


def test_rivals_and_rules_are_simulated_in_turn(planned: SimulationPlan) -> None:
    truths = list(dict.fromkeys(simulation.truth for simulation in planned.simulations))
    assert [truth.name for truth in truths] == [
        *("params alone decide", "FLOPs alone decide", "nothing decides"),
        *["RobustScaling"] * 3,
        *("1:1:1, r_D .50", "3:1:2, r_D .40"),
    ]
    assert len(planned.simulations) == 3 * len(truths)
    strengths = [truth.effect / truth.noise for truth in truths if truth.name == "RobustScaling"]
    assert strengths == pytest.approx(STRENGTHS)


def test_trends_and_noise_are_the_datas(planned: SimulationPlan) -> None:
    observations = planned.observations
    by_name = {simulation.truth.name: simulation for simulation in planned.simulations}
    flops, params = np.log(observations.flops), np.log(observations.params)
    of_flops = by_name["FLOPs alone decide"]
    assert of_flops.truth.noise == pytest.approx(0.5, rel=0.15)
    assert np.polyfit(flops, of_flops.score, 1)[0] == pytest.approx(2, abs=0.2)
    of_params = by_name["params alone decide"]
    left = of_params.score - np.polyval(np.polyfit(params, of_params.score, 3), params)
    assert np.abs(np.corrcoef(left, flops)[0, 1]) < 0.15
    nothing = by_name["nothing decides"]
    assert np.abs(np.corrcoef(nothing.score, flops)[0, 1]) < 0.2
    assert nothing.truth.noise == pytest.approx(observations.score.std())
    # Given shares, which decide nothing here, the noise is the same with a rule.
    assert by_name["RobustScaling"].truth.noise == pytest.approx(0.5, rel=0.15)


def test_equal_seeds_give_equal_scores(planned: SimulationPlan) -> None:
    again, other = (plan(scored(200), 3, seed) for seed in (0, 1))
    assert all((a.score == b.score).all() for a, b in zip(planned.simulations, again.simulations, strict=True))
    assert (planned.simulations[0].score != other.simulations[0].score).any()


@pytest.fixture(scope="module")
def small() -> SimulationPlan:
    return plan(scored(24), simulations=1)


@pytest.fixture(scope="module")
def found(small: SimulationPlan) -> list[tuple[Family, ...]]:
    """In the first simulation, as if each had found the same: counting is what is tested with it."""
    return [simulated(small.observations, small.simulations[0])] * len(small.simulations)


def test_what_was_found_is_counted(small: SimulationPlan, found: list[tuple[Family, ...]]) -> None:
    power_study = summarize_power(small, found)
    assert (power_study.evaluations, power_study.simulations) == (24, 1)
    assert set(power_study.claims) == {"params alone decide", "FLOPs alone decide", "nothing decides"}
    assert len(power_study.tallies) == 8 * 3
    assert all(sum(tally.verdicts.values()) == 1 for tally in power_study.tallies)
    assert {c.quantity: c.simulations for c in power_study.coverage} == dict.fromkeys(
        ["D1", "D2", "D3", "W1", "W2", "W3", "r_D"], 5
    )
    assert json.loads(json.dumps(power_study.to_dict()))["tallies"][0]["part"] == "depth shares"
    frame = power_study.to_pandas()
    assert len(frame) == len(power_study.tallies)
    assert (frame[[verdict.value for verdict in Verdict]].sum(axis=1) == 1).all()
    assert "<td>params alone decide</td>" in power_study._repr_html_()


def test_claims_and_intervals_that_miss_are_counted(small: SimulationPlan, found: list[tuple[Family, ...]]) -> None:
    first, *others = found
    claimed = tuple(replace(family, verdict=Verdict.DIFFERS) for family in first)
    assert summarize_power(small, [claimed, *others]).claims["params alone decide"] == 1
    rule = summarize_power(small, [*found[:-1], tuple(moved(family) for family in found[-1])])
    held = {c.quantity: c.held for c in rule.coverage}
    before = {c.quantity: c.held for c in summarize_power(small, found).coverage}
    assert all(held[name] in (before[name], before[name] - 1) for name in before)
    assert sum(held.values()) < sum(before.values())


def test_the_values_of_each_part() -> None:
    assert true_values(Rule(), "depth shares") == pytest.approx([0.4, 0.4, 0.2])
    assert true_values(Rule(), "width shares") == pytest.approx([2 / 5.5, 2.5 / 5.5, 1 / 5.5])
    assert true_values(Rule(), "depth to width") == pytest.approx([0.7])


def test_an_optimum_outside_of_what_was_searched_is_no_miss(found: list[tuple[Family, ...]]) -> None:
    observations = scored(48)
    narrow = plan(observations[np.flatnonzero(observations.depth_to_width < 0.55)], 1)
    # What was found elsewhere stands for it: only the design says what was searched.
    power_study = summarize_power(narrow, found)
    unsearched = {(tally.truth.name, tally.part) for tally in power_study.tallies if not tally.searched}
    assert ("RobustScaling", "depth to width") in unsearched
    assert ("nothing decides", "depth to width") not in unsearched
    assert {c.quantity: c.simulations for c in power_study.coverage}["r_D"] == 2


def test_too_few_networks() -> None:
    with pytest.raises(InputError, match="a rule needs at least 20"):
        plan(scored(19), 1)


def test_the_time_is_told_after_the_first(small: SimulationPlan) -> None:
    told: list[tuple[float, int]] = []
    few = replace(small, simulations=small.simulations[:2])
    each = outcomes(few, 1, lambda seconds, at_once: told.append((seconds, at_once)))
    next(each)
    assert told == []
    next(each)
    assert [at_once for _, at_once in told] == [1]
    assert told[0][0] > 0


@pytest.mark.slow
def test_processes_find_the_same(small: SimulationPlan) -> None:
    few = replace(small, simulations=small.simulations[::3])
    assert list(outcomes(few, 2)) == list(outcomes(few, 1))
