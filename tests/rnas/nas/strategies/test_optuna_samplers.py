"""Optuna's samplers by name, and what is refused of them."""

from typing import Any

import optuna
import pytest
from optuna.samplers import NSGAIISampler, RandomSampler

from rnas.errors import InputError
from rnas.nas.strategies._optuna_samplers import make_sampler, sampler_names


def test_names_follow_from_the_classes() -> None:
    assert {"tpe", "nsga2", "nsga3", "gp", "qmc", "random", "brute-force"} <= set(sampler_names())
    assert not {"base", "base-ga", "grid", "partial-fixed", "cma-es"} & set(sampler_names())


@pytest.mark.parametrize("name", sampler_names())
def test_every_sampler_does_several_objectives(name: str) -> None:
    sampler = make_sampler("here", name, {}, 2, 0)
    assert type(sampler).__name__.lower().startswith(name.replace("-", "").replace("2", "ii").replace("3", "ii"))


def test_options_reach_the_sampler() -> None:
    sampler = make_sampler("here", "nsga2", {"population_size": 7, "mutation_prob": 1}, 2, 0)
    assert isinstance(sampler, NSGAIISampler)
    assert sampler.population_size == 7


def test_the_seed_decides() -> None:
    def drawn(seed: int) -> list[Any]:
        study = optuna.create_study(sampler=make_sampler("here", "random", {}, 1, seed))
        return [study.ask().suggest_int("x", 0, 10**6) for _ in range(3)]

    assert drawn(1) == drawn(1) != drawn(2)


class OneObjectiveSampler(RandomSampler):
    def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
        self._raise_error_if_multi_objective(study)
        return {}


def test_a_sampler_of_one_objective_is_for_one_objective(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optuna.samplers, "__all__", [*optuna.samplers.__all__, "OneObjectiveSampler"])
    monkeypatch.setattr(optuna.samplers, "OneObjectiveSampler", OneObjectiveSampler, raising=False)
    assert isinstance(make_sampler("here", "one-objective", {}, 1, 0), OneObjectiveSampler)
    with pytest.raises(InputError, match=r"sampler one-objective: .*multi-objective"):
        make_sampler("here", "one-objective", {}, 2, 0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("luck", {}, "here: unknown sampler 'luck'; known: brute-force, gp, nsga2"),
        (None, {}, "unknown sampler None"),
        (["tpe"], {}, "unknown sampler"),
        ("cma-es", {}, "as a pickle"),
        ("nsga2", [20], r"here: options: \[20\] is not a mapping"),
        ("nsga2", {"seed": 3}, "sampler nsga2 has no 'seed'; it has population_size"),
        ("nsga2", {"crossover": "uniform"}, "has no 'crossover'"),
        ("random", {"size": 3}, "it has no options"),
        ("nsga2", {"population_size": 2.5}, "options: population_size: input should be a valid integer, not 2.5"),
        ("tpe", {"group": 1}, "group: input should be a valid boolean"),
        ("nsga2", {"population_size": 1}, "sampler nsga2: .*greater than or equal to 2"),
    ],
)
def test_bad_input_is_one_line(name: Any, options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make_sampler("here", name, options, 2, 0)
    assert "\n" not in str(caught.value)
