"""Search as RobNet did (Guo et al., CVPR 2020): sample paths of an adversarially trained supernet.

Networks of one cell, the cell-based ones, are sampled and fine-tuned, and the most robust within each budget of
parameters is taken. Networks of many cells, the cell-free ones, are sampled; those whose flow of solution procedure
(FSP) matrices an attack changes least are fine-tuned, and the most robust is taken. The paper does not say how many
paths the filter keeps; a half is ours. Here the weights of the cell-free supernet serve both, as it contains the
cell-based networks.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, NonNegativeInt, PositiveInt, model_validator

from baselines.robnet_findings import FSP, LEAST, SIZES, Findings, findings, records_of
from rnas._typing import Integers
from rnas.data.dataset import Dataset
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.experiment import CostEstimate, EstimatedWork, Listener, given_settings, kind_at
from rnas.experiments.cell_search.found import FindsNetwork, FoundNetwork
from rnas.experiments.supernet.experiment import SupernetTraining
from rnas.experiments.supernet.setup import resolve_settings
from rnas.nas.config import SearchConfig
from rnas.nas.ledger import Record
from rnas.nas.rung_quality import bootstrapped
from rnas.nas.search import Search
from rnas.nas.strategy import Problem, Proposal, View
from rnas.nas.supernet.settings import SupernetSettings
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.statistics._ranks import kendall_tau
from rnas.statistics.interval import Interval
from rnas.training.recipe import Recipe
from rnas.training.search_cost import NO_COST, SearchCost
from rnas.utils._tabular import Tabular, notebook_table
from rnas.utils._yaml_files import checked
from rnas.utils.model import Model
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import ShareField, parse_size

KIND = "robnet-search"
NAME: Literal["robnet"] = "robnet"
_SUPERNET = "supernet"
CELLS, PATHS, FREE = "cells", "paths", "free"
"""Directories of the searches: networks of one cell, paths of many cells, and those that the filter keeps."""

_DIGITS = "digits"
_DIGITS_PATHS = 30
_DIGITS_SPACE = {"layers": 4, "channels": 4}
_DIGITS_TRAINING: Mapping[str, Any] = {
    "fidelity": {"epochs": 30, "batch_size": 64, "attack_steps": 2, "attack_step": "3/4"},
    "evaluation": {"steps": 5, "step": "1/4"},
}
"""A search of minutes on two cores."""

_RESAMPLES = 400


class RobNetFilter:
    """Propose the sampled networks with the smallest FSP distance in the deepest cell, the smallest first.

    Args:
        problem: what is searched; its bands hold for the networks that are proposed.
        search: directory of the search that sampled the networks, with the diagnostic ``fsp-distance``.
        keep: share in (0, 1] of the sampled networks within the bands that is proposed.

    Raises:
        InputError: a value is out of its range.
    """

    def __init__(self, problem: Problem, search: str, keep: float = 0.5) -> None:
        if not 0 < keep <= 1:
            raise InputError(f"keep is {keep:g}; it is a share above 0 and at most 1")
        self._problem = problem
        self._path = Path(search)
        self._keep = keep

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return a hash of the sampled networks and their distances."""
        return {"search": json_hash({record.key: record.metrics[FSP] for record in self._sampled})}

    @cached_property
    def _sampled(self) -> list[Record]:
        found = [record for record in records_of(self._path, rung=0) if FSP in record.metrics]
        if not found:
            raise InputError(
                f"{self._path}: no network has an {FSP}: sample with evaluation: {{diagnostics: [fsp-distance]}}"
            )
        return found

    @cached_property
    def _kept(self) -> Integers:
        """Return the genomes (n, v) to propose, in order."""
        space, inside = self._problem.space, []
        for record in sorted(self._sampled, key=lambda one: (one.metrics[FSP], one.number)):
            with suppress(InputError):  # Of a larger space than this one.
                inside.append(space.encode(record.architecture))
        genomes = np.array(inside, dtype=np.int64).reshape(len(inside), len(space.variables))
        banded = space.repair(genomes, np.random.default_rng(0)) if len(genomes) else genomes
        genomes = genomes[(banded == genomes).all(axis=1)]
        if len(genomes) == 0:
            raise InputError(f"{self._path}: none of its networks is in the space and its bands; widen them")
        kept: Integers = genomes[: math.ceil(self._keep * len(genomes))]
        return kept

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose the next networks; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        taken = {genome.tobytes() for genome in np.concatenate([view.genomes, view.pending])}
        return [Proposal(genome) for genome in self._kept if genome.tobytes() not in taken][:n]


class RobNetMethod(Model):
    """RobNet's search (Guo et al., CVPR 2020)."""

    name: Literal["robnet"] = NAME
    """Name of the method."""
    paths: PositiveInt = 1000
    """Networks to sample, of one cell and again of many."""
    finetune_epochs: NonNegativeInt = 3
    """Epochs of fine-tuning before a network is evaluated."""
    keep: ShareField = 0.5
    """Share of the sampled networks of many cells that the filter keeps, those with the smallest FSP distance."""
    free: bool = True
    """Whether to search networks of many cells, too; without them all cells of the supernet have one code."""
    budgets: tuple[int, int] | None = None
    """Most parameters of a small and of a medium network; None divides the sampled networks in thirds."""

    @model_validator(mode="before")
    @classmethod
    def _sizes(cls, content: Any) -> Any:
        if isinstance(content, dict) and isinstance(content.get("budgets"), list | tuple):
            return {**content, "budgets": tuple(map(parse_size, content["budgets"]))}
        return content

    @model_validator(mode="after")
    def _ascending(self) -> "RobNetMethod":
        if self.budgets is not None and self.budgets[0] >= self.budgets[1]:
            raise ValueError(f"budgets are {self.budgets[0]} and {self.budgets[1]}; give the smaller one first")
        return self


class RobNetSettings(SupernetSettings):
    """Hold the settings of RobNet's search, with nothing left open: those of its supernet, and of the method."""

    method: RobNetMethod = RobNetMethod()
    """Settings of the method."""


@dataclass(frozen=True)
class Variant:
    """Describe a network that the search derived.

    Attributes:
        name: small, medium, large or free.
        member: how other commands name it within the search's directory, such as ``cells:0123456789ab``.
        record: its evaluation.
    """

    name: str
    member: str
    record: Record


@dataclass(frozen=True)
class RobNetResult(Tabular):
    """Hold what RobNet's search has come to so far.

    Attributes:
        path: directory of the search.
        settings: everything that decides it.
        cells: evaluations of fine-tuned networks of one cell, in order.
        paths: evaluations of networks of many cells with their shared weights.
        free: evaluations of those of them that the filter kept, fine-tuned, in the order of the filter.
        findings: the paper's three findings on the networks of one cell; None with too few of them.
        agreement: Kendall's tau between robust accuracy with shared weights and after fine-tuning, of the networks of
            many cells that were kept; None with fewer than three.
        cost: images and seconds of all, the training of the supernet included.
        complete: whether everything has ended.
    """

    path: Path
    settings: RobNetSettings
    cells: tuple[Record, ...]
    paths: tuple[Record, ...]
    free: tuple[Record, ...]
    findings: Findings | None
    agreement: Interval | None
    cost: SearchCost
    complete: bool

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """Return the most robust network within each budget, and the most robust one of many cells."""
        found = []
        for name, records in zip(SIZES, _in_budgets(self.cells, self.settings.method.budgets), strict=True):
            if records:
                best = most_robust(records)
                found.append(Variant(name, f"{CELLS}:{best.key}", best))
        if self.free:
            best = most_robust(self.free)
            found.append(Variant("free", f"{FREE}:{best.key}", best))
        return tuple(found)

    @property
    def architecture(self) -> Architecture:
        """Return the most robust of all networks; raise InputError before the first is evaluated."""
        if not self.variants:
            raise InputError(f"{self.path} has no network yet: resume it with rnas resume {self.path}")
        return most_robust([variant.record for variant in self.variants]).architecture

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "schema_version": 1,
            "status": "complete" if self.complete else "running",
            "variants": [
                {
                    "name": variant.name,
                    "member": variant.member,
                    "architecture": arch.to_dict(variant.record.architecture),
                    **dict(variant.record.metrics),
                }
                for variant in self.variants
            ],
            "networks": {CELLS: len(self.cells), PATHS: len(self.paths), FREE: len(self.free)},
            "findings": None if self.findings is None else self.findings.to_dict(),
            "agreement": None if self.agreement is None else vars(self.agreement),
            "cost": self.cost.to_dict(),
            "settings": self.settings.model_dump(mode="json"),
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each derived network: its name, how it is named elsewhere, and its metrics."""
        return [{"name": one.name, "member": one.member, **one.record.metrics} for one in self.variants]

    def __repr__(self) -> str:
        """Return the search in a line."""
        return f"<RobNetResult {self.path}: {len(self.cells) + len(self.paths)} sampled networks>"

    def _repr_html_(self) -> str:
        rows = [
            (
                one.name,
                one.record.key,
                f"{one.record.metrics['robust_accuracy']:.1%}",
                f"{one.record.metrics['params']:.0f}",
            )
            for one in self.variants
        ]
        return notebook_table(repr(self), ("network", "key", "robust accuracy", "parameters"), rows)


class RobNetSearch(FindsNetwork[RobNetSettings, RobNetResult]):
    """Train a supernet, sample and fine-tune its paths, filter them, and derive networks of several sizes.

    Its directory holds a supernet and up to three searches, each of which is an ordinary experiment.
    """

    kind = KIND
    Settings: ClassVar[type[BaseModel]] = RobNetSettings
    Method: ClassVar[type[BaseModel]] = RobNetMethod
    has_ledger = False

    @classmethod
    def resolve(cls, method: Mapping[str, Any], given: Mapping[str, Any]) -> RobNetSettings:
        """Resolve what a user gives; see :func:`search_robnet`."""
        given = {name: value for name, value in given.items() if value is not None}
        for name in ("derived_layers", "derived_channels"):
            if name in given:
                raise InputError(f"{name}: networks of RobNet are those of the supernet; set layers and channels")
        content = dict(method)
        on_digits = given.get("data", _DIGITS) == _DIGITS
        if on_digits:
            content = {"paths": _DIGITS_PATHS, **content}
            for name, usual in _DIGITS_TRAINING.items():
                given[name] = {**usual, **given.get(name, {})}
            for name in ("epochs", "batch_size"):
                if name in given:
                    given["fidelity"][name] = given.pop(name)
        chosen = checked(RobNetMethod, content, "method")
        usual = _DIGITS_SPACE if on_digits else {"layers": 20, "channels": 36}
        layers, channels = (given.pop(name, usual[name]) for name in ("layers", "channels"))
        space = {"name": "robnet", "layers": layers, "channels": [channels], "shared": not chosen.free}
        resolved = resolve_settings(space, given)
        return checked(RobNetSettings, {**dict(resolved), "method": chosen}, "search-cells")

    @classmethod
    def _name(cls, settings: RobNetSettings) -> str:
        return f"search-cells-{NAME}-{settings.data}"

    @property
    def dataset(self) -> Dataset:
        """Return the data; raise InputError if they cannot be read."""
        return load_dataset(self.settings.data, self.settings.data_dir)

    def _check(self) -> None:
        SupernetTraining(self.path, self._of_supernet)._check()

    def _inputs(self) -> Mapping[str, str]:
        return self.settings.inputs

    @property
    def _of_supernet(self) -> SupernetSettings:
        return SupernetSettings(**{name: value for name, value in self.settings if name != "method"})

    @property
    def _names(self) -> tuple[str, ...]:
        """Return the searches, in order."""
        return (CELLS, PATHS, FREE) if self.settings.method.free else (CELLS,)

    def _config(self, name: str) -> SearchConfig:
        """Return the configuration of one of the searches."""
        settings, method = self.settings, self.settings.method
        folder = self.path.resolve()
        evaluation = settings.evaluation.model_dump(mode="json") | {"diagnostics": ["density", "fsp-distance"]}
        strategy: dict[str, Any] = {"name": "random"}
        budget = method.paths
        if name == FREE:
            strategy = {"name": NAME, "search": str(folder / PATHS), "keep": method.keep}
            budget = max(1, math.ceil(method.keep * len(records_of(folder / PATHS))))
        content = {
            "name": name,
            "space": {**settings.space, "shared": name == CELLS},
            "evaluator": {
                "supernet": str(folder / _SUPERNET),
                "finetune_epochs": 0 if name == PATHS else method.finetune_epochs,
                "evaluation": evaluation,
            },
            "strategy": strategy,
            "seed": settings.seed,
            "budget": budget,
            "device": settings.device,
        }
        return SearchConfig.parse(content, name)

    def _run(self, listener: Listener, workers: int | None) -> None:
        supernet = self.path / _SUPERNET
        if kind_at(supernet) is None:
            SupernetTraining.create(self._of_supernet, supernet)
        if not (found := SupernetTraining.open(supernet)).result_file.exists():
            found.run(listener)
        for name in self._names:
            path = self.path / name
            if kind_at(path) is None:
                Search.create(self._config(name), path)
            search = Search.open(path)
            if not search.result_file.exists():
                search.run(listener, workers=workers)

    def result(self) -> RobNetResult:
        """Return what the search has come to so far.

        Raises:
            InputError: a file is damaged.
            LedgerError: a ledger is damaged.
        """
        parts = {name: self._records(name) for name in (CELLS, PATHS, FREE)}
        enough = len({record.key for record in parts[CELLS]}) >= LEAST
        return RobNetResult(
            self.path,
            self.settings,
            parts[CELLS],
            parts[PATHS],
            parts[FREE],
            findings(self.path / CELLS) if enough else None,
            agreement(parts[PATHS], parts[FREE]),
            sum((cost for _, cost in self._charged()), self._supernet_cost()),
            all((self.path / name / "result.json").exists() for name in self._names),
        )

    def _records(self, name: str) -> tuple[Record, ...]:
        path = self.path / name
        return () if kind_at(path) is None else tuple(records_of(path))

    def _supernet_cost(self) -> SearchCost:
        path = self.path / _SUPERNET
        return NO_COST if kind_at(path) is None else SupernetTraining.open(path).result().cost

    def _charged(self) -> list[tuple[Variant, SearchCost]]:
        """Return every evaluation of the searches with its own cost, in order; its name is that of its search."""
        found = []
        for name in self._names:
            if kind_at(self.path / name) is None:
                continue
            run = Search.open(self.path / name).result()
            costs = run.costs or []
            for record, cost in zip(run.records, costs[1:], strict=True):
                found.append((Variant(name, f"{name}:{record.key}", record), cost))
        return found

    def found(self, images: float | None = None) -> FoundNetwork:
        """Return the most robust fine-tuned network; see :meth:`FindsNetwork.found`."""
        cost, best = self._supernet_cost(), None
        for one, own in self._charged():
            if images is not None and (cost + own).images > images:
                break
            cost += own
            score = one.record.metrics.get("robust_accuracy") if one.name != PATHS else None
            if score is not None and (best is None or score > best.metrics["robust_accuracy"]):
                best = one.record
        if best is None:
            raise InputError(f"{self.path} has no fine-tuned network at a cost of {images or cost.images:,.0f} images")
        return FoundNetwork(best.architecture, self.dataset, self.settings, cost)

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Time a few steps of the supernet; the rest is taken by its images; see :meth:`Experiment.estimate`."""
        supernet = SupernetTraining(self.path, self._of_supernet)
        trained = supernet.estimate(workers)
        setup, method = supernet.setup, self.settings.method
        an_image = trained.seconds / max(setup.cost.images, 1)
        epoch = setup.cost.images / self.settings.fidelity.epochs
        attacked = len(setup.splits["search_val"]) * (3 + 4 * self.settings.evaluation.steps)
        tuned = method.finetune_epochs * epoch + attacked
        networks = method.paths * (1 + (method.keep if method.free else 0))
        work = [*trained.work, EstimatedWork("a network, fine-tuned", networks, tuned * an_image)]
        if method.free:
            work.append(EstimatedWork("a network with shared weights", method.paths, attacked * an_image))
        return CostEstimate(tuple(work), trained.devices)


def search_robnet(
    *,
    paths: int | None = None,
    finetune_epochs: int | None = None,
    keep: float | None = None,
    free: bool | None = None,
    budgets: Sequence[int | str] | None = None,
    data: str | None = None,
    data_dir: Path | str | None = None,
    recipe: Recipe | Mapping[str, Any] | str | None = None,
    eps: float | str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    images: int | Mapping[str, int] | None = None,
    layers: int | None = None,
    channels: int | None = None,
    seed: int | None = None,
    split_seed: int | None = None,
    fidelity: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    device: str | None = None,
    output: Path | str | None = None,
    workers: int | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> RobNetResult:
    """Search as RobNet did; ``rnas search-cells robnet`` does the same.

    Args:
        paths: networks to sample, of one cell and again of many; None is 1,000, and few on digits.
        finetune_epochs: epochs of fine-tuning; None is 3.
        keep: share in (0, 1] of the networks of many cells that the filter keeps; None is a half.
        free: whether to search networks of many cells, too; None does.
        budgets: most parameters of a small and of a medium network; None divides the sampled networks in thirds.
        data: registered name of the data; None is digits.
        data_dir: folder of the data's files.
        recipe: how the supernet is trained and its paths are fine-tuned.
        eps: l-infinity radius of all attacks for pixels in [0, 1].
        epochs: epochs of the supernet.
        batch_size: images of one step.
        images: number of images to train on, or sizes of the splits.
        layers: cells of a network; None is 20, and 4 on digits.
        channels: channels of its first stage; None is 36, and 4 on digits.
        seed: seed of everything random; None is 0.
        split_seed: divides the data; None is 0.
        fidelity: further fields of :class:`rnas.data.Fidelity`.
        evaluation: fields of :class:`rnas.evaluation.EvaluationSettings`.
        device: ``auto``, ``cpu`` or ``cuda``.
        output: directory; None makes ``runs/search-cells-robnet-<data>-<n>``.
        workers: evaluations at once; 0 evaluates in this process.
        listener: learns of progress; there may be several.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
    """
    given = given_settings(locals())
    method = {name: given.pop(name) for name in RobNetMethod.model_fields if name in given}
    return RobNetSearch.create(RobNetSearch.resolve(method, given), output).run(listener, workers=workers)


def most_robust(records: Sequence[Record]) -> Record:
    """Return the record with the greatest robust accuracy, of equals the one with fewer parameters."""
    return max(records, key=lambda record: (record.metrics["robust_accuracy"], -record.metrics["params"]))


def agreement(shared: Sequence[Record], tuned: Sequence[Record]) -> Interval | None:
    """Return Kendall's tau between the robust accuracies of the networks in both; None for fewer than three."""
    before = {record.key: record.metrics["robust_accuracy"] for record in shared}
    pairs = [(before[record.key], record.metrics["robust_accuracy"]) for record in tuned if record.key in before]
    if len(pairs) < 3:
        return None
    first, last = np.array(pairs).T
    samples = np.random.default_rng(0).integers(len(pairs), size=(_RESAMPLES, len(pairs)))
    return bootstrapped(lambda rows: kendall_tau(first[rows], last[rows]), samples)


def _in_budgets(records: Sequence[Record], limits: tuple[int, int] | None) -> list[list[Record]]:
    """Return the records of small, medium and large networks; without limits each is a third by parameters."""
    ordered = sorted(records, key=lambda record: (record.metrics["params"], record.number))
    if limits is None:
        return [[ordered[row] for row in rows] for rows in np.array_split(np.arange(len(ordered)), len(SIZES))]
    sizes = np.searchsorted(limits, [record.metrics["params"] for record in ordered], side="left")
    return [
        [record for record, size in zip(ordered, sizes, strict=True) if size == number] for number in range(len(SIZES))
    ]
