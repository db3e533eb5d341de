"""A prediction of a rule that is put at risk: written down, with its hash, before anything is evaluated."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rnas.errors import InputError
from rnas.networks.residual import ResidualNetwork
from rnas.networks.robust_scaling import Rule
from rnas.statistics.interval import Interval
from rnas.utils.files import write_text
from rnas.utils.quantities import Band

RULE, ROBUST_SCALING, UNIFORM, SEARCHED = "rule", "robust-scaling", "uniform", "searched"
"""Names of the candidates."""

TOLERANCE = 0.05
"""By what share FLOPs may be off a held-out budget, for every candidate alike."""

_NAME = "prediction-"
_DIGITS = 12


@dataclass(frozen=True)
class Candidate:
    """A network at a held-out budget.

    Attributes:
        name: which it is: the rule's, RobustScaling's, the uniform or the searched one.
        network: what will be evaluated.
        key: of the network.
        flops: its own.
        chosen: how, in words.
        score: predicted mean over the seeds; 95 %.
    """

    name: str
    network: ResidualNetwork
    key: str
    flops: int
    chosen: str
    score: Interval

    @property
    def setting(self) -> str:
        """Depths and widths, these in multiples of 16, 32, 64 and 128 channels."""
        depths = ",".join(map(str, self.network.depths))
        return f"D = {depths}; W = {','.join(f'{width:g}' for width in self.network.widenings)}"


@dataclass(frozen=True)
class BudgetPrediction:
    """What is foretold at one held-out budget.

    Attributes:
        flops: the budget.
        candidates: by their order of mention; the rule's is first.
        gains: predicted mean score over the seeds of the rule's network less another's, by the other's name; 95 %.
        left_out: candidates that there are not, by name, and why.
    """

    flops: int
    candidates: tuple[Candidate, ...]
    gains: Mapping[str, Interval]
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class RulePrediction:
    """All that is foretold, and from what.

    Attributes:
        run: name of the run.
        fingerprint: of the run's configuration.
        ledger: sha256 of the complete evaluations that were fitted, in hexadecimal.
        metric: name of the score.
        fitted: number of evaluations.
        fitted_flops: least and most of them.
        fit: band of FLOPs that the user set for fitting.
        rule: what was fitted.
        uniform: what the uniform network is of: no rule, see :func:`rnas.scaling_rules.candidates.uniform_rule`.
        base: key of the most robust network that was fitted; its block and stem are those of all but the searched one.
        verdicts: on each part of the rule, in words.
        seeds: of the evaluations to come; none is the search's own.
        tolerance: by what share FLOPs may be off a budget.
        budgets: what is foretold at each.
    """

    run: str
    fingerprint: str
    ledger: str
    metric: str
    fitted: int
    fitted_flops: tuple[int, int]
    fit: Band
    rule: Rule
    uniform: Rule
    base: str
    verdicts: Mapping[str, str]
    seeds: tuple[int, ...]
    tolerance: float
    budgets: tuple[BudgetPrediction, ...]

    @property
    def text(self) -> str:
        """Canonical JSON: sorted names, and numbers that read back as they were."""
        content = _ADAPTER.dump_python(self, mode="json")
        return json.dumps(content, sort_keys=True, indent=2, allow_nan=False) + "\n"

    @property
    def hash(self) -> str:
        """Sha256 of :attr:`text` in hexadecimal: of the file that it is written to, as ``sha256sum`` gives it."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """``prediction-<first 12 digits of the hash>.json``."""
        return f"{_NAME}{self.hash[:_DIGITS]}.json"

    def asks(self, budgets: tuple[int, ...], fit: Band, seeds: int, metric: str) -> bool:
        """Whether it answers this question."""
        own = tuple(budget.flops for budget in self.budgets), self.fit, len(self.seeds), self.metric
        return own == (budgets, fit, seeds, metric)

    def write(self, folder: Path) -> Path:
        """Write it to a folder, whole or not at all; the path of the file."""
        folder.mkdir(exist_ok=True)
        write_text(folder / self.file_name, self.text)
        return folder / self.file_name


_ADAPTER: TypeAdapter[RulePrediction] = TypeAdapter(RulePrediction)


def written(folder: Path) -> RulePrediction | None:
    """The prediction in a folder; None where there is none.

    Raises:
        InputError: a file is not what was written, or there are several.
    """
    paths = sorted(folder.glob(f"{_NAME}*.json"))
    if not paths:
        return None
    if len(paths) > 1:
        raise InputError(f"{folder} holds {len(paths)} predictions; one is written for a run: remove what was added")
    (path,) = paths
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if path.name != f"{_NAME}{found[:_DIGITS]}.json":
        raise InputError(
            f"{path} was changed after it was written: its sha256 is {found[:_DIGITS]}..., not the one in its name; "
            "restore it from a copy"
        )
    return _parsed(path, content)


def _parsed(path: Path, content: bytes) -> RulePrediction:
    try:
        return _ADAPTER.validate_json(content)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise InputError(f"{path} is no prediction of this version: {where}: {fault['msg']}") from None


def ledger_hash(evaluations: list[dict[str, Any]]) -> str:
    """Sha256 of evaluations, as JSON objects in their order, in hexadecimal."""
    return hashlib.sha256(json.dumps(evaluations, sort_keys=True).encode()).hexdigest()
