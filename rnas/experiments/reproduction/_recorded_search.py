"""Reproduce a result that a search recorded of one of its networks."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rnas.errors import InputError
from rnas.experiment import Listener
from rnas.experiments.reproduction._check import (
    CIRCUMSTANCES,
    RECIPE,
    Check,
    circumstances,
    compared,
    data_checks,
    network_checks,
    recipe_check,
)
from rnas.experiments.reproduction._recorded_result import Outcome, RecordedResult, Source, attempted, own_device
from rnas.experiments.reproduction.judgement import rounding_interval
from rnas.nas._campaign import evaluate_all
from rnas.nas._problem import with_known
from rnas.nas._setup import Setup
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.costs import costs_of
from rnas.nas.evaluators.evaluator import Context, Evaluates, EvaluatesWeights, Evaluation, Evaluator, Status, Task
from rnas.nas.evaluators.measured import with_costs
from rnas.nas.execution._local import Device, executor_of
from rnas.nas.ledger import Ledger, Record
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.statistics.interval import Interval
from rnas.utils._threads import one_thread
from rnas.utils.files import file_hash
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import pluralize

_ACCURACIES = ("clean_accuracy", "robust_accuracy")
_OVER_IMAGES = (*_ACCURACIES, "robust_margin")
_TEST = "test_"
_SHOWN = 100
_COSTS = ("params", "flops")
_ATTACK = frozenset({"attack", "norm", "epsilon", "steps", "step", "seed", "precision"})
_DATA = frozenset({"name", "images", "split_seed"})


@dataclass(frozen=True)
class RecordedSearch(RecordedResult):
    """Hold a complete record of a search.

    Attributes:
        run: the search of the record.
        record: the record.
    """

    run: SearchResult
    record: Record

    def __post_init__(self) -> None:
        if not self.record.complete:
            reason = self.record.evaluation.reason if self.record.evaluation is not None else ""
            status = f"{self.record.status}{f': {reason}' if reason else ''}"
            raise InputError(f"{self.words} has no result to reproduce ({status}); take a complete member")

    @property
    def key(self) -> str:
        """Return the key of the recorded architecture."""
        return self.record.key

    @property
    def seed(self) -> int | None:
        """Return the seed of the training; None for a row of a table."""
        return None if self._evaluator.instant else self.record.seed

    @property
    def metrics(self) -> Mapping[str, float]:
        """Return the metrics of the evaluation; params and FLOPs are checks instead, unless they come from a table."""
        known = self._evaluator.known([self.record.architecture])[0]
        return {name: v for name, v in self.record.metrics.items() if name not in _COSTS or name in known}

    @property
    def curve(self) -> Sequence[Mapping[str, float]]:
        """Return the learning curve of the evaluation."""
        assert self.record.evaluation is not None
        return self.record.evaluation.curve

    @property
    def conditions(self) -> Mapping[str, str]:
        """Return the conditions that the evaluator records."""
        found: dict[str, str] = {}
        attack, data = _known_keys(self._provenance, "evaluation", _ATTACK), self._data
        if attack:
            found["attack"] = f"{attack['attack']}, {pluralize(attack['steps'], 'step')} of {attack['step']}"
            found["ball"] = f"{attack['norm']}, epsilon {attack['epsilon']} for pixels in [0, 1]"
            found["noise"] = f"seed {attack['seed']}, {attack['precision']}"
        if data:
            images = data["images"]
            test = f"; {images['test']:,} of the test split for {_TEST}..." if self._has_test else ""
            split_seed = data["split_seed"]
            found["images"] = (
                f"{images['search_val']:,} of the search_val split{test}; {data['name']} by split seed {split_seed}"
            )
        if self._provenance.keys() >= RECIPE:
            recipe, recipe_hash = self._provenance["recipe"]["name"], self._provenance["recipe_hash"]
            epochs = pluralize(self._provenance["fidelity"]["epochs"], "epoch")
            found["training"] = f"recipe {recipe} ({recipe_hash}), {epochs}, seed {self.seed}"
        elif self.seed is not None:
            found["seed"] = str(self.seed)
        notes = " ".join(self._evaluator.notes)
        return {**found, "note": notes} if notes else found

    @property
    def usual(self) -> Source:
        """Return the table, the checkpoint, or scratch if the evaluator keeps no weights."""
        if self._evaluator.instant:
            return "table"
        return "checkpoint" if isinstance(self._evaluator, EvaluatesWeights) else "scratch"

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return the table of an instant evaluator; otherwise scratch, and the checkpoint if the search has one."""
        if self.usual == "table":
            return ("table",)
        kept = self.usual == "checkpoint" and self.run.checkpoint(self.key) is not None
        return ("checkpoint", "scratch") if kept else ("scratch",)

    def checks(self, source: Source) -> list[Check]:
        """Check network, recipe, data, attack, table, weights, versions and device."""
        recorded, space = self._provenance, self.run.setup.space
        known = self._evaluator.known([self.record.architecture])[0]
        costs = {
            name: self.record.metrics[name] for name in _COSTS if name in self.record.metrics and name not in known
        }
        found = network_checks(self.key, self.record.architecture, costs, space.input_shape, space.num_classes)
        if source == "checkpoint":
            weights = file_hash(self._checkpoint)
            before = recorded.get("weights")
            found.append(compared("weights", before, weights[: len(before)] if before else weights[:16]))
        apart = {*CIRCUMSTANCES}
        if recorded.keys() & self._here.keys() >= RECIPE:
            found.append(recipe_check(recorded, self._here))
            apart |= RECIPE
        shared = [name for name in self._here if name in recorded and name not in apart]
        for name in shared:
            found += _compared(name, recorded[name], self._here[name])
        if self._evaluator.instant:
            return found
        with one_thread(self._place):
            return found + circumstances(recorded, self._place)

    def bounds(self, metric: str) -> tuple[float, float]:
        """Return the bounds that the evaluator gives."""
        bounds: tuple[float, float] = self._evaluator.bounds.get(metric, (-math.inf, math.inf))
        return bounds

    def interval(self, metric: str, source: Source, level: float) -> Interval | None:
        """Return an interval over images for accuracies and margins, and one for rounding for other metrics.

        A user's function should give the same number each time, except for rounding. There is no interval for a row of
        a table, which is equal or not, nor for a metric of newly trained weights that is not a mean over images: only
        other seeds show how much it varies.
        """
        if source == "table":
            return None
        if self.images(metric):
            return super().interval(metric, source, level)
        anew = source == "scratch" and isinstance(self._evaluator, EvaluatesWeights)
        return None if anew else rounding_interval(self.metrics[metric])

    def resolution(self, metric: str) -> float:
        """Return the share of one image for an accuracy, and the effect of rounding for other metrics."""
        if self.images(metric) and metric.removeprefix(_TEST) in _ACCURACIES:
            return super().resolution(metric)
        return rounding_interval(self.metrics[metric]).half_width

    def evaluated(self, source: Source, listener: Listener) -> Outcome:
        """Read the row of the table, or attack the checkpoint again."""
        with one_thread(self._place):
            return attempted(self.record.seed, lambda: self._measured(source, listener))

    def trained(self, seeds: Sequence[int], listener: Listener) -> list[Outcome]:
        """Evaluate again with the evaluator of the search, on as many workers as its configuration says."""
        setup = self._setup
        tasks = [self._task(seed) for seed in seeds]
        ledger = Ledger.in_memory(setup.problem.objectives)
        workers = setup.workers
        if len(tasks) == 1:
            # Processes are started for several at once.
            workers = 0
        names = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
        listener.message(f"{pluralize(len(tasks), 'evaluation')} from scratch, with {names}")
        with executor_of(self._measuring, workers, device=self.device or self._own_device) as executor:
            records = evaluate_all(tasks, setup.problem, ledger, executor, listener)
        outcomes = []
        for record in records:
            assert record.evaluation is not None
            outcomes.append(_outcome(record.seed, record.evaluation))
        return outcomes

    def _measured(self, source: Source, listener: Listener) -> Outcome:
        def report(share: float) -> None:
            listener.progress({self.key: share})

        evaluator, context = self._evaluator, Context(self._place, progress=report)
        if source == "checkpoint" and isinstance(evaluator, EvaluatesWeights):
            listener.message(f"{self._checkpoint} is attacked again, on {self._place}")
            evaluation = evaluator.evaluate_weights(self._task(), self._checkpoint, context)
        else:
            evaluation = evaluator.evaluate(self._task(), context)
        if self.record.evaluation is not None and (costs := costs_of(self.record.evaluation)):
            evaluation = with_costs(evaluation, costs)
        return _outcome(self.record.seed, with_known(self._setup.problem, self.record.architecture, evaluation))

    @property
    def _measuring(self) -> Evaluates:
        """Return the evaluator, with the costs that were measured in the search."""
        return self._setup.measuring(self._evaluator, [self.record])

    def images(self, metric: str) -> int:
        """Return the number of images of an accuracy or a margin, where the data are known to be the recorded ones."""
        if metric.removeprefix(_TEST) not in _OVER_IMAGES or not self._data:
            return 0
        return int(self._data["images"]["test" if metric.startswith(_TEST) else "search_val"])

    @cached_property
    def _setup(self) -> Setup:
        """Return the parts of the search; to evaluate, the code is imported that its configuration names."""
        setup, path = self.run.setup, self.run.path
        return Search.open(path).setup if setup.recorded and path is not None else setup

    @property
    def _evaluator(self) -> Evaluator:
        return self._setup.evaluator

    @property
    def _provenance(self) -> Mapping[str, Any]:
        assert self.record.evaluation is not None
        return self.record.evaluation.provenance

    @property
    def _data(self) -> Mapping[str, Any]:
        """Return the images as they are here, if their hash is the recorded one; empty if that is not known."""
        data = _known_keys(self._here, "data", _DATA)
        return data if isinstance(data.get("images"), Mapping) else {}

    @property
    def _has_test(self) -> bool:
        return any(name.startswith(_TEST) for name in self.record.metrics)

    @property
    def _checkpoint(self) -> Path:
        path = self.run.checkpoint(self.key)
        assert path is not None
        return path

    @property
    def _own_device(self) -> Device:
        return own_device(self._provenance.get("device"), self.run.setup.config.device)

    def _task(self, seed: int | None = None) -> Task:
        return Task(self.record.architecture, self.record.seed if seed is None else seed, self.record.fidelity)

    @cached_property
    def _here(self) -> Mapping[str, Any]:
        """Return what an evaluation would record now, if that can be known at once; otherwise an empty mapping."""
        evaluator = self._evaluator
        with one_thread(self._place):
            if evaluator.instant:
                return guard.evaluate(evaluator, self._task(), Context(self._place)).provenance
            return evaluator.provenance(self._task(), self._place) if isinstance(evaluator, EvaluatesWeights) else {}


def _outcome(seed: int, evaluation: Evaluation) -> Outcome:
    if evaluation.status is not Status.COMPLETE:
        return Outcome(seed, {}, evaluation.curve, status=evaluation.status, reason=evaluation.reason)
    finite = {name: value for name, value in evaluation.metrics.items() if math.isfinite(value)}
    return Outcome(seed, finite, evaluation.curve)


def _known_keys(provenance: Mapping[str, Any], name: str, keys: frozenset[str]) -> Mapping[str, Any]:
    """Return an entry of a provenance if it has these keys, otherwise an empty mapping: users' evaluators differ."""
    entry = provenance.get(name)
    return entry if isinstance(entry, Mapping) and keys <= entry.keys() else {}


def _compared(name: str, recorded: Any, here: Any) -> list[Check]:
    """Compare an entry of the provenance by its hash if it has one, otherwise by everything that was recorded of it."""
    if isinstance(recorded, Mapping) and isinstance(here, Mapping):
        if "hash" in recorded and "hash" in here:
            if name == "data":
                return data_checks(recorded, here)
            return [compared(name, recorded["hash"], here["hash"])]
        changed = [key for key in recorded if recorded[key] != here.get(key)]
        before = {key: recorded[key] for key in changed or recorded}
        return [compared(name, _short(before), _short({key: here.get(key) for key in before}))]
    return [compared(name, recorded, here)]


def _short(values: Mapping[str, Any]) -> str:
    """Return few values as they are, and many as their hash."""
    text = ", ".join(f"{name} {value}" for name, value in values.items())
    return text if len(text) <= _SHOWN else json_hash(values)
