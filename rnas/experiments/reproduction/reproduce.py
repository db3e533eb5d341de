"""Reproduce a recorded result: compare what is recorded with what is here, then evaluate it again."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rnas.errors import InputError, NotEvaluatedError
from rnas.experiment import Listener
from rnas.experiments.reproduction._check import Check, as_recorded
from rnas.experiments.reproduction._find import find
from rnas.experiments.reproduction._recorded_result import Outcome, RecordedResult, Source
from rnas.experiments.reproduction.judgement import (
    EXACTLY,
    LEAST_SEEDS,
    NOT,
    UNJUDGED,
    WITHIN,
    Judged,
    ReproductionStatus,
    judged,
    level_of_each,
    overall,
    seed_spread_of,
)
from rnas.nas.evaluators.evaluator import Status
from rnas.nas.execution._local import Device
from rnas.utils._tabular import Tabular, flat_row
from rnas.utils.files import write_text
from rnas.utils.provenance import versions
from rnas.utils.quantities import pluralize

SCHEMA_VERSION = 1
_SEEDS = 2**31


@dataclass(frozen=True)
class Reproduction(Tabular):
    """Hold the outcome of reproducing a recorded result.

    Attributes:
        result: the words that name it.
        key: key of the architecture.
        source: what it was reproduced from: ``checkpoint``, ``scratch`` or ``table``.
        conditions: attack, epsilon, images, seeds and recipe of the record, in words.
        checks: what was compared before anything was evaluated.
        metrics: the status of each recorded metric; ``found`` is None if a check made an evaluation pointless.
        level: level of the test of each metric: intervals have confidence ``1 - level``, and all together 95 %.
        seeds: further seeds whose trainings gave a result.
        notes: what a reader must know in addition.
        status: worst status among the judged metrics.
    """

    result: str
    key: str
    source: Source
    conditions: dict[str, str]
    checks: tuple[Check, ...]
    metrics: tuple[Judged, ...]
    level: float
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    status: ReproductionStatus

    @property
    def reproduced(self) -> bool:
        """Return whether every judged metric was reproduced, exactly or within its interval."""
        return self.status in (EXACTLY, WITHIN)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each recorded metric: its recorded value, its value now, and its status."""
        return [flat_row(asdict(judged)) for judged in self.metrics]

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON values, with the versions of the software that reproduced it."""
        content: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **asdict(self), "versions": versions()}
        return {**content, "reproduced": self.reproduced}


def reproduce(
    result: str | Path,
    *,
    source: Source | None = None,
    seeds: int = 0,
    device: Device | None = None,
    output: Path | str | None = None,
    listener: Listener | None = None,
) -> Reproduction:
    """Evaluate a recorded result again, and say whether it reproduces.

    First, everything that takes no evaluation is checked: key, params and FLOPs of the architecture, and the hashes of
    recipe, data, attack, weights or table. If one of them differs from the record, the result is not reproduced, and
    nothing is evaluated. Then the recorded attacks are run on the recorded images with the recorded noise, on the
    stored weights, or on those of a new training.

    On a CPU with the versions, the device and the processor of the record, the numbers must be equal. In all other
    cases, a metric is reproduced if it passes a test:

    - An accuracy for which the record has each image: McNemar's exact test finds no difference.
    - Other accuracies and margins: the value is in Wilson's interval around the recorded value, as if other images were
      drawn. The interval covers the choice of images, which is far more than the effect of rounding on the same
      weights. It does not cover the variation between trainings.
    - From scratch with further seeds: the recorded value is in the prediction interval of their values. The interval
      covers the variation between trainings on these images.
    - Metrics that are not means over images: they differ by at most a thousandth, for rounding, if they are of the same
      weights or come from a user's function. For newly trained weights they are not judged without further seeds.

    One metric that fails refutes a result. Each of k metrics is tested at 5 % / k (Bonferroni), so that a true result
    is refuted by chance in at most 5 % of cases; intervals are therefore longer than 95 % intervals.

    A row of a table is equal or not.

    Further seeds show the variation between trainings even if a result is reproduced exactly. The best of many networks
    is partly chosen for its noise, and is above the values of other seeds (the winner's curse).

    Args:
        result: ``RUN:KEY``, ``RUN:knee``, ``RUN:at:200M`` or ``RUN:max:METRIC`` of a search; a training's directory or
            one of its checkpoints; or a JSON file that ``rnas evaluate`` wrote.
        source: ``checkpoint`` or ``scratch``; None is the checkpoint if there is one, and otherwise the only other
            source. A table is its own source.
        seeds: further trainings with other seeds, from scratch, none or at least two.
        device: ``auto``, ``cpu`` or ``cuda``; None is that of the record: a CPU if it was made on one, and otherwise
            a GPU if there is one.
        output: a new file for the reproduction as JSON; None writes no file.
        listener: learns of progress. A record is an evaluation from scratch that has ended, or an attack under way.

    Returns:
        What was checked and found. Nothing that was reproduced is changed.

    Raises:
        InputError: no result has this name, it cannot be reproduced from this source, or the file exists.
        NotEvaluatedError: memory or time ran out, or another error stopped the evaluation. A loss that diverges is
            not such an error.

    Examples:
        >>> import rnas
        >>> result = rnas.search(space="digits-bench", budget=4, output="runs/example", workers=0)
        >>> rnas.reproduce("runs/example:max:robust_accuracy").reproduced
        True
    """
    if seeds < 0 or 0 < seeds < LEAST_SEEDS:
        raise InputError(
            f"{pluralize(seeds, 'seed')}: the variation between trainings takes at least {LEAST_SEEDS} further seeds, "
            "or none"
        )
    path = None if output is None else _free(Path(output))
    found = find(result, device)
    chosen = _source(found, source, seeds)
    reproduction = _reproduced(found, chosen, seeds, listener or Listener())
    if path is not None:
        write_text(path, json.dumps(reproduction.to_dict(), indent=2, allow_nan=False) + "\n")
    return reproduction


def _free(path: Path) -> Path:
    if path.exists():
        raise InputError(f"output {path} exists already; choose another name")
    if not path.parent.is_dir():
        raise InputError(f"output {path}: there is no folder {path.parent}; make it first")
    return path


def _source(result: RecordedResult, source: Source | None, seeds: int) -> Source:
    """Return the source to reproduce from; raise InputError if that is impossible."""
    can = result.sources
    if source is None:
        source = "scratch" if seeds else result.usual
    if source not in can:
        if can == ("table",):
            raise InputError(f"{result.words} was read from a table: leave source and seeds out")
        if source == "checkpoint":
            raise InputError(f"{result.words}: its weights are not there; train the network again with source=scratch")
        raise InputError(
            f"{result.words} does not say how its weights were trained; reproduce the run or training they are of"
        )
    if seeds and source != "scratch":
        raise InputError(f"seeds {seeds} trains the network again: give source=scratch, or leave seeds out")
    return source


def _reproduced(result: RecordedResult, source: Source, seeds: int, listener: Listener) -> Reproduction:
    checks = tuple(result.checks(source))
    notes = [f"The record does not hold: {check.name}." for check in checks if check.decides and check.same is None]
    outcome: Outcome | None = None
    others: list[Outcome] = []
    further: tuple[int, ...] = ()
    equal_expected = source == "table" or (result.on_cpu and as_recorded(list(checks)))
    refuting = [check.name for check in checks if check.refutes]
    if refuting:
        notes.append(f"Nothing was evaluated, since these are not as recorded: {', '.join(refuting)}.")
    elif source == "scratch" and result.seed is not None:
        further = tuple((result.seed + number) % _SEEDS for number in range(1, seeds + 1))
        outcome, *others = result.trained((result.seed, *further), listener)
        notes += _curve_notes(result, outcome)
    else:
        outcome = result.evaluated(source, listener)
    if outcome is not None and outcome.status not in (Status.COMPLETE, Status.DIVERGED):
        raise NotEvaluatedError(
            f"{result.words} could not be evaluated, so that nothing is known of it: {outcome.failure}"
        )
    notes += [other.failure for other in (outcome, *others) if other is not None and other.failure]
    gave = [other for other in others if not other.failure]
    if len(gave) < len(others):
        short = f"; the variation between trainings takes at least {LEAST_SEEDS}" if len(gave) < LEAST_SEEDS else ""
        notes.append(f"{len(gave)} of {len(others)} further seeds gave a result{short}.")
    level = level_of_each(len(result.metrics))
    metrics = tuple(_judged(result, name, source, level, outcome, gave, equal_expected) for name in result.metrics)
    if outcome is not None:
        notes += _notes(source, equal_expected, not outcome.failure, bool(seeds), metrics)
    status = NOT if refuting else overall(metrics)
    return Reproduction(
        result.words,
        result.key,
        source,
        {name: text for name, text in result.conditions.items() if text},
        checks,
        metrics,
        level,
        tuple(seed for seed, other in zip(further, others, strict=True) if not other.failure),
        tuple(notes),
        status,
    )


def _judged(
    result: RecordedResult,
    name: str,
    source: Source,
    level: float,
    outcome: Outcome | None,
    others: Sequence[Outcome],
    equal_expected: bool,
) -> Judged:
    recorded = result.metrics[name]
    found = None if outcome is None else outcome.metrics.get(name)
    right = "" if outcome is None else outcome.right.get(name, "")
    values = [other.metrics[name] for other in others if name in other.metrics]
    return judged(
        name,
        recorded,
        found,
        equal=found == recorded and right == result.right(name),
        interval=result.interval(name, source, level),
        p_value=None if outcome is None else result.p_value(name, outcome),
        level=level,
        equal_expected=equal_expected,
        seed_spread=seed_spread_of(
            recorded, values, result.bounds(name), resolution=result.resolution(name), level=level
        ),
    )


def _curve_notes(result: RecordedResult, outcome: Outcome) -> list[str]:
    """Compare the epochs of the new training with those of the recorded one."""
    pairs = list(zip(result.curve, outcome.curve, strict=False))
    if not pairs:
        return []
    for epoch, (recorded, found) in enumerate(pairs, 1):
        shared = [name for name in recorded if name in found and "seconds" not in name]
        if any(recorded[name] != found[name] for name in shared):
            return [f"The new training differs from the recorded one from epoch {epoch} on."]
    return [f"The new training equals the recorded one for {pluralize(len(pairs), 'epoch')}, bit for bit."]


def _notes(
    source: Source, equal_expected: bool, measured: bool, seeds_asked: bool, metrics: Sequence[Judged]
) -> list[str]:
    notes: list[str] = []
    if equal_expected and measured and any(metric.status == NOT for metric in metrics):
        notes.append(
            "Everything that decides the numbers is the same here as in the record, so that the numbers have to be "
            "equal to the last bit: the record was changed afterwards."
        )
    elif not equal_expected and source == "scratch" and not seeds_asked:
        notes.append(
            "The intervals cover the choice of images only; seeds=N covers the variation between trainings, too."
        )
    unjudged = [metric.name for metric in metrics if metric.status == UNJUDGED]
    if unjudged:
        notes.append(
            f"Not judged: {', '.join(unjudged)}. The new training gave other weights, and no interval says how far "
            f"these may be off{'' if seeds_asked else '; give seeds=N'}."
        )
    return notes + [
        f"{metric.name} lies {metric.seed_spread.place} the prediction interval of {len(metric.seed_spread.values)} "
        "further seeds: the recorded training is not typical."
        for metric in metrics
        if metric.seed_spread is not None and metric.seed_spread.place != "inside"
    ]
