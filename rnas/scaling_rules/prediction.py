"""Write and read a rule's prediction, which is written with its hash before anything is evaluated."""

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
from rnas.utils._regular_files import read_bytes
from rnas.utils.files import write_text
from rnas.utils.quantities import Band

RULE, ROBUST_SCALING, UNIFORM, SEARCHED = "rule", "robust-scaling", "uniform", "searched"
"""Names of the candidates."""

TOLERANCE = 0.05
"""Largest relative difference between the FLOPs of a candidate and the test budget."""

_LARGEST = 64 * 1024**2
_NAME = "prediction-"
_DIGITS = 12


@dataclass(frozen=True)
class Candidate:
    """A network at a test budget.

    Attributes:
        name: how it was selected: "rule", "robust-scaling", "uniform" or "searched".
        network: the network to evaluate.
        key: key of the network.
        flops: multiply-accumulates of the network for one image.
        chosen: how the network was selected, in words.
        score: predicted mean score over the seeds, with its 95 % interval.
    """

    name: str
    network: ResidualNetwork
    key: str
    flops: int
    chosen: str
    score: Interval

    @property
    def setting(self) -> str:
        """Return depths and widths as text, widths in multiples of 16, 32, 64 and 128 channels."""
        depths = ",".join(map(str, self.network.depths))
        return f"D = {depths}; W = {','.join(f'{width:g}' for width in self.network.widenings)}"


@dataclass(frozen=True)
class BudgetPrediction:
    """The prediction at one test budget.

    Attributes:
        flops: the budget.
        candidates: the candidates; that of the rule is first.
        gains: predicted mean score over the seeds of the rule's network minus that of another, by the other's name,
            with its 95 % interval.
        left_out: reason for each missing candidate, by its name.
    """

    flops: int
    candidates: tuple[Candidate, ...]
    gains: Mapping[str, Interval]
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class RulePrediction:
    """The prediction of a rule at all test budgets, and the data that the rule was fitted to.

    Attributes:
        run: name of the run.
        fingerprint: fingerprint of the run's configuration.
        ledger: sha256 of the fitted evaluations, in hexadecimal.
        metric: name of the score.
        fitted: number of fitted evaluations.
        fitted_flops: smallest and largest FLOPs of the fitted networks.
        fit: band of FLOPs that the user set for fitting.
        rule: the fitted rule.
        uniform: rule of the uniform network, see :func:`rnas.scaling_rules.uniform_rule`.
        base: key of the most robust fitted network; all candidates but the searched one have its block and stem.
        verdicts: verdict on each part of the rule, in words, by the part's name.
        seeds: seeds of the evaluations to come, all different from the search's own.
        tolerance: largest relative difference between a network's FLOPs and a budget.
        budgets: the prediction at each budget.
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
        """Return canonical JSON, with sorted names and numbers that are read back without a change."""
        content = _ADAPTER.dump_python(self, mode="json")
        return json.dumps(content, sort_keys=True, indent=2, allow_nan=False) + "\n"

    @property
    def hash(self) -> str:
        """Return the sha256 of :attr:`text` in hexadecimal, which is what ``sha256sum`` prints for the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """Return the name of the file, ``prediction-<first 12 digits of the hash>.json``."""
        return f"{_NAME}{self.hash[:_DIGITS]}.json"

    def asks(self, budgets: tuple[int, ...], fit: Band, seeds: int, metric: str) -> bool:
        """Return whether the prediction has these settings."""
        own = tuple(budget.flops for budget in self.budgets), self.fit, len(self.seeds), self.metric
        return own == (budgets, fit, seeds, metric)

    def write(self, folder: Path) -> Path:
        """Write the prediction to a folder, whole or not at all; return the path of the file."""
        folder.mkdir(exist_ok=True)
        write_text(folder / self.file_name, self.text)
        return folder / self.file_name


_ADAPTER: TypeAdapter[RulePrediction] = TypeAdapter(RulePrediction)


def written(folder: Path) -> RulePrediction | None:
    """Read the prediction in a folder; return None if it has none yet.

    Raises:
        InputError: the file was changed, or there are several.
    """
    paths = sorted(folder.glob(f"{_NAME}*.json"))
    if not paths:
        return None
    if len(paths) > 1:
        raise InputError(
            f"{folder} holds {len(paths)} predictions, but a run has only one; remove the files that were added"
        )
    (path,) = paths
    content = read_bytes(path, _LARGEST)
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
        raise InputError(f"{path} is not a prediction of this version: {where}: {fault['msg']}") from None


def ledger_hash(evaluations: list[dict[str, Any]]) -> str:
    """Return the sha256, in hexadecimal, of evaluations as JSON objects in their order."""
    return hashlib.sha256(json.dumps(evaluations, sort_keys=True).encode()).hexdigest()
