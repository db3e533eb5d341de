"""Optuna's samplers (Akiba et al., KDD 2019) as a strategy.

A study in memory is rebuilt from the view each time, and the sampler is asked. What the sampler keeps in a study, such
as NSGA-II its generations and parents, is kept in the proposals' states, so that a rebuilt study is the one that was.
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

from rnas.nas.strategies.candidates import fresh, genome_keys, sample_fresh, taken
from rnas.nas.strategies.optuna_samplers import make_sampler
from rnas.nas.strategy import Problem, Proposal, View
from rnas.networks.cost import Integers

_STUDY = "search"
_MOST_REPEATS = 10
"""So many repeats in a row are told to a sampler; a fresh genome takes the place of the next."""

_SEQUENCES = ("qmc",)
"""Samplers whose seed says which sequence to follow, from the search's beginning to its end."""


class OptunaStrategy:
    """What an Optuna sampler suggests, moved into the bands and never twice.

    A suggestion that means a genome inside the bands is told as the sampler spelled it, so that it learns what comes of
    that spelling; one that had to be moved into the bands is told as what it became. Where a suggestion repeats an
    earlier genome, its trial has that one's result, and the sampler is asked again: alone it would have spent an
    evaluation on it. A failure is a failed trial, what is pending a running one.

    The sampler is made anew for each batch from a seed of its own, so that what it hides in itself does not matter: a
    Gaussian process fits its kernel from the start, for one.

    Args:
        problem: what is searched.
        sampler: see :func:`rnas.nas.strategies.optuna_samplers.sampler_names`.
        options: of the sampler's class, by keyword.

    Raises:
        InputError: there is no such sampler or option, or it does not do several objectives.
    """

    def __init__(self, problem: Problem, sampler: str = "tpe", options: Mapping[str, Any] | None = None) -> None:
        self._problem = problem
        self._name = sampler
        self._options = {} if options is None else options
        self._sampler(0)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """See :meth:`rnas.nas.strategy.Strategy.propose`."""
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
    """A study in memory that holds what a view tells, and what is asked after that."""

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
        for genome, state in zip(genomes, view.states or [{}] * len(genomes), strict=True):
            self._tell(genome, state)

    def next(self, rng: np.random.Generator) -> Proposal | None:
        """Ask until a genome may be proposed; None where none is left."""
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
            told = self._told(suggested, genome)
            repeats.append({"genome": told.tolist(), "attributes": self._close(trial, told, genome)})
        (genome,) = found
        self._taken.update(genome_keys(found))
        told = self._told(suggested, genome)
        state = {
            "told": [] if np.array_equal(told, genome) else told.tolist(),
            "attributes": self._close(trial, told, genome),
            "study": {key: value for key, value in self._study_attributes.items() if before.get(key) != value},
            "repeats": repeats,
        }
        return Proposal(genome, state={key: value for key, value in state.items() if value})

    def _tell(self, genome: Integers, state: Mapping[str, Any]) -> None:
        """Add the trials of a proposal as they were, with what is known of them now."""
        for repeat in state.get("repeats", ()):
            told = np.array(repeat["genome"], dtype=np.int64)
            self._add(told, self._canonical(told), repeat["attributes"])
        self._add(np.array(state.get("told", genome), dtype=np.int64), genome, state.get("attributes", {}))
        for key, value in state.get("study", {}).items():
            self._storage.set_study_system_attr(self._id, key, value)

    def _add(self, told: Integers, genome: Integers, attributes: Mapping[str, Any]) -> None:
        state, values = self._outcome(genome)
        trial = create_trial(
            state=state,
            values=values,
            params=dict(zip(self._distributions, told.tolist(), strict=True)),
            distributions=self._distributions,
            system_attrs=dict(attributes),
        )
        self._storage.create_new_trial(self._id, template_trial=trial)

    def _ask(self) -> tuple[int, Integers]:
        """Id of a new trial, and what the sampler suggests for it: a genome, not canonical, maybe outside the bands."""
        trial = self._study.ask(self._distributions)
        return trial._trial_id, np.array([trial.params[name] for name in self._distributions], dtype=np.int64)

    def _told(self, suggested: Integers, genome: Integers) -> Integers:
        """A genome as it is told to the sampler: as suggested, if that means the same network."""
        return suggested if np.array_equal(self._canonical(suggested), genome) else genome

    def _close(self, trial: int, told: Integers, genome: Integers) -> dict[str, Any]:
        """Make a suggested trial that of a genome, with its result where there is one; the sampler's attributes."""
        for (name, distribution), value in zip(self._distributions.items(), told.tolist(), strict=True):
            self._storage.set_trial_param(trial, name, value, distribution)
        state, values = self._outcome(genome)
        if state.is_finished():
            self._storage.set_trial_state_values(trial, state, values)
        return dict(self._storage.get_trial(trial).system_attrs)

    def _canonical(self, genome: Integers) -> Integers:
        canonical: Integers = self._problem.space.canonical(genome[None])[0]
        return canonical

    def _outcome(self, genome: Integers) -> tuple[TrialState, Sequence[float] | None]:
        """What is known of a genome: its result, that it is pending, or that it cannot be evaluated."""
        (key,) = genome_keys(genome[None])
        if key in self._results:
            values = self._results[key]
            return (TrialState.FAIL, None) if values is None else (TrialState.COMPLETE, values)
        return (TrialState.RUNNING, None) if key in self._taken else (TrialState.FAIL, None)

    @property
    def _study_attributes(self) -> dict[str, Any]:
        return dict(self._storage.get_study_system_attrs(self._id))


def _results(problem: Problem, view: View) -> dict[bytes, list[float] | None]:
    """Values of the objectives by genome; None where the evaluation failed."""
    points = np.stack([view.metrics[objective.metric] for objective in problem.objectives], axis=1)
    complete = ~view.failed & np.isfinite(points).all(axis=1)
    return {
        key: point.tolist() if whole else None
        for key, point, whole in zip(genome_keys(view.genomes), points, complete, strict=True)
    }
