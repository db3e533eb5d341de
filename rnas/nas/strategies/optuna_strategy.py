"""Use Optuna's samplers (Akiba et al., KDD 2019) as a strategy.

For each batch, a study in memory is rebuilt from the view, and the sampler suggests genomes. The attributes that a
sampler stores in a study, such as the generations and parents of NSGA-II, are stored in the states of the proposals, so
that a rebuilt study equals the original one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from rnas._typing import Integers
from rnas.nas.strategies._candidates import fresh, genome_keys, sample_fresh, taken
from rnas.nas.strategies._optuna_samplers import make_sampler
from rnas.nas.strategy import Problem, Proposal, View

_STUDY = "search"
_MOST_REPEATS = 10
"""Largest number of repeats in a row that a sampler may suggest; a new genome replaces the next one."""

_SEQUENCES = ("qmc",)
"""Samplers whose seed selects a sequence that they follow during the whole search."""


class OptunaStrategy:
    """Propose what an Optuna sampler suggests, moved into the bands and never twice.

    If a suggestion means a genome inside the bands, its trial has the values that the sampler suggested. If the
    suggestion had to be moved into the bands, its trial has the values of the moved genome. If a suggestion repeats an
    earlier genome, its trial gets the earlier result, and the sampler is asked again, so that no evaluation is wasted.
    A failed evaluation is a failed trial, and a pending one is a running trial.

    For each batch the sampler is created again from a seed of its own, so that its internal state does not matter. For
    example, a Gaussian process fits its kernel from the start.

    Args:
        problem: the problem to search.
        sampler: name of the sampler, see :func:`rnas.nas.strategies._optuna_samplers.sampler_names`.
        options: options of the sampler's class, by keyword.

    Raises:
        InputError: the sampler or an option is unknown, or it does not support several objectives.
    """

    def __init__(self, problem: Problem, sampler: str = "tpe", options: Mapping[str, Any] | None = None) -> None:
        self._problem = problem
        self._name = sampler
        self._options = {} if options is None else options
        self._sampler(0)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose what the sampler suggests; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        drawn = int(rng.integers(2**31))
        replay = _Replay(self._problem, self._sampler(view.seed if self._name in _SEQUENCES else drawn), view)
        proposals: list[Proposal] = []
        while len(proposals) < n:
            proposal = replay.next(rng)
            if proposal is None:
                break
            proposals.append(proposal)
        return proposals

    def _sampler(self, seed: int) -> BaseSampler:
        objectives = len(self._problem.objectives)
        return make_sampler("strategy optuna", self._name, self._options, objectives, seed)


class _Replay:
    """A study in memory with the results of a view and the suggestions after them."""

    def __init__(self, problem: Problem, sampler: BaseSampler, view: View) -> None:
        self._problem = problem
        self._distributions: dict[str, BaseDistribution] = {
            variable.name: IntDistribution(0, len(variable.choices) - 1)
            if variable.ordered
            else CategoricalDistribution(range(len(variable.choices)))
            for variable in problem.space.variables
        }
        self._storage = InMemoryStorage()
        directions = [StudyDirection[objective.direction.upper()] for objective in problem.objectives]
        self._id = self._storage.create_new_study(directions, _STUDY)
        self._study = optuna.load_study(study_name=_STUDY, storage=self._storage, sampler=sampler)
        self._taken = taken(view)
        self._results = _results(problem, view)
        genomes = np.concatenate([view.genomes, view.pending])
        proposals = list(zip(genomes, view.states or [{}] * len(genomes), strict=True))
        # A trial has the same number each time, since attributes of the study name trials by their numbers.
        for row in np.argsort(view.numbers) if view.numbers else range(len(genomes)):
            self._tell(*proposals[row])

    def next(self, rng: np.random.Generator) -> Proposal | None:
        """Ask until a genome may be proposed; return None if none is left."""
        before = self._study_attributes
        repeats: list[dict[str, Any]] = []
        while True:
            trial, suggested = self._ask()
            (genome,) = self._problem.space.repair(suggested[None], rng)
            found = fresh(self._problem, genome[None], self._taken)
            if len(found) == 0 and len(repeats) == _MOST_REPEATS:
                found = sample_fresh(self._problem, 1, self._taken, rng)
                if len(found) == 0:
                    return None
            if len(found) > 0:
                break
            answered = self._answered(suggested, genome)
            repeats.append({"genome": answered.tolist(), "attributes": self._close(trial, answered, genome)})
        (genome,) = found
        self._taken.update(genome_keys(found))
        answered = self._answered(suggested, genome)
        state = {
            "told": [] if np.array_equal(answered, genome) else answered.tolist(),
            "attributes": self._close(trial, answered, genome),
            "study": {key: value for key, value in self._study_attributes.items() if before.get(key) != value},
            "repeats": repeats,
        }
        return Proposal(genome, state={key: value for key, value in state.items() if value})

    def _tell(self, genome: Integers, state: Mapping[str, Any]) -> None:
        """Add the trials of a proposal as they were made, with their results as known now."""
        for repeat in state.get("repeats", ()):
            answered = np.array(repeat["genome"], dtype=np.int64)
            self._add(answered, self._canonical(answered), repeat["attributes"])
        self._add(np.array(state.get("told", genome), dtype=np.int64), genome, state.get("attributes", {}))
        for key, value in state.get("study", {}).items():
            self._storage.set_study_system_attr(self._id, key, value)

    def _add(self, answered: Integers, genome: Integers, attributes: Mapping[str, Any]) -> None:
        state, values = self._outcome(genome)
        trial = create_trial(
            state=state,
            values=values,
            params=dict(zip(self._distributions, answered.tolist(), strict=True)),
            distributions=self._distributions,
            system_attrs=dict(attributes),
        )
        self._storage.create_new_trial(self._id, template_trial=trial)

    def _ask(self) -> tuple[int, Integers]:
        """Return the id of a new trial and its suggested genome, which may be not canonical or outside the bands."""
        trial = self._study.ask(self._distributions)
        return trial._trial_id, np.array([trial.params[name] for name in self._distributions], dtype=np.int64)

    def _answered(self, suggested: Integers, genome: Integers) -> Integers:
        """Return the genome to report to the sampler: the suggested one if it means the same network."""
        return suggested if np.array_equal(self._canonical(suggested), genome) else genome

    def _close(self, trial: int, answered: Integers, genome: Integers) -> dict[str, Any]:
        """Give a suggested trial a genome and its result, if there is one; return the sampler's attributes."""
        for (name, distribution), value in zip(self._distributions.items(), answered.tolist(), strict=True):
            self._storage.set_trial_param(trial, name, value, distribution)
        state, values = self._outcome(genome)
        if state.is_finished():
            self._storage.set_trial_state_values(trial, state, values)
        return dict(self._storage.get_trial(trial).system_attrs)

    def _canonical(self, genome: Integers) -> Integers:
        canonical: Integers = self._problem.space.canonical(genome[None])[0]
        return canonical

    def _outcome(self, genome: Integers) -> tuple[TrialState, Sequence[float] | None]:
        """Return the state of a genome: its result, that it is pending, or that it cannot be evaluated."""
        (key,) = genome_keys(genome[None])
        if key in self._results:
            values = self._results[key]
            return (TrialState.FAIL, None) if values is None else (TrialState.COMPLETE, values)
        return (TrialState.RUNNING, None) if key in self._taken else (TrialState.FAIL, None)

    @property
    def _study_attributes(self) -> dict[str, Any]:
        return dict(self._storage.get_study_system_attrs(self._id))


def _results(problem: Problem, view: View) -> dict[bytes, list[float] | None]:
    """Return the values of the objectives by genome; None if the evaluation failed."""
    points = np.stack([view.metrics[objective.metric] for objective in problem.objectives], axis=1)
    complete = ~view.failed & np.isfinite(points).all(axis=1)
    return {
        key: point.tolist() if whole else None
        for key, point, whole in zip(genome_keys(view.genomes), points, complete, strict=True)
    }
