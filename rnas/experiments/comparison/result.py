"""Build the result of a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from statistics import fmean, median
from typing import Any

import numpy as np

from rnas._typing import Bools
from rnas.data.loading import load_dataset
from rnas.errors import LedgerError
from rnas.evaluation._image_flags import unpack
from rnas.experiments.comparison._training import CHECKPOINTS, CORRUPTIONS, PRIMARY, columns_of, metric
from rnas.experiments.comparison._tuning import content_of, network_content, seconds
from rnas.experiments.comparison.networks import ComparedNetwork
from rnas.experiments.comparison.settings import ComparisonSettings
from rnas.experiments.seeded_trainings import Records, TabularResult
from rnas.nas.ledger import Record
from rnas.networks.zoo import PublishedAccuracy, find
from rnas.statistics.sequential import level, looks, next_seeds
from rnas.statistics.tukey import LEVEL, POWER, Analysis, analyse
from rnas.utils._tabular import notebook_table
from rnas.utils.quantities import format_size, pluralize

SCHEMA_VERSION = 1
UNTESTED = "one of its trainings gave no result, so that it is left out of the tests"


@dataclass(frozen=True)
class ComparisonResult(TabularResult):
    """Say how robust networks of the same FLOPs are, and which of them differ."""

    def __repr__(self) -> str:
        """Return the comparison in a line."""
        networks = pluralize(len(self.networks), "network")
        return f"<ComparisonResult: {networks} at {format_size(self.content['flops'])} FLOPs>"

    def _repr_html_(self) -> str:
        best, worst = PRIMARY
        ranked = [row for row in self.rows() if (row["checkpoint"], row["attack"]) == (best, worst)]
        ranked.sort(key=lambda row: row["mean"] or 0.0, reverse=True)
        columns = ("network", "mean", "low", "high", "group")
        cells = [
            [f"{row[name]:.4f}" if isinstance(row[name], float) else row[name] for name in columns] for row in ranked
        ]
        return notebook_table(f"{self!r}: {worst} of the {best} checkpoint", columns, cells)

    @property
    def networks(self) -> list[dict[str, Any]]:
        """Return each network with its cost, its trainings and its tuned values."""
        return list(self.content["networks"])

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each network, checkpoint and attack: mean accuracy, its interval, and its letters."""
        return [
            {"network": one["name"], "checkpoint": column["checkpoint"], "attack": column["attack"]}
            | {name: score[name] for name in ("mean", "low", "high", "group")}
            for column in self.content["columns"]
            for one, score in zip(self.content["networks"], column["networks"], strict=True)
        ]


def compared(
    settings: ComparisonSettings, records: Records, tunings: Mapping[str, Mapping[str, Any]] | None = None
) -> ComparisonResult:
    """Compare the networks; numbers that are missing are None.

    Args:
        settings: settings of the comparison.
        records: records of its trainings.
        tunings: summaries by the network's name, where networks were tuned.

    Raises:
        LedgerError: trainings were attacked on different images.
    """
    training, tunings = settings.training, tunings or {}
    dataset = load_dataset(training.data, training.data_dir)
    first = _complete(records)
    tested = _tested(settings, records)
    content = {
        "schema_version": SCHEMA_VERSION,
        "flops": settings.flops,
        "tolerance": settings.tolerance,
        "search_cost": settings.search_cost,
        "seeds": settings.seeds,
        "most_seeds": settings.most_seeds,
        "recipe": training.recipe.name,
        "recipe_changes": training.recipe.changes,
        "batch_size": training.fidelity.batch_size,
        "epochs": training.fidelity.epochs,
        "epsilon": str(training.eps),
        "attacks": list(training.attacks),
        "flags_looked_for": training.flags,
        "level": LEVEL,
        "looks": looks(settings.seeds, settings.most_seeds),
        "look_level": level(settings.seeds, settings.most_seeds),
        "power": POWER,
        "images": first[0]["best"]["images"] if first else None,
        "published_test_images": first[0]["best"]["published_test_images"] if first else None,
        "data": {
            "name": dataset.name,
            "input_shape": list(dataset.input_shape),
            "num_classes": dataset.num_classes,
            "note": dataset.note,
        },
        "networks": [
            {
                **_network(settings, one, own, dataset.input_shape, dataset.num_classes),
                "tuned": network_content(tunings.get(one.name)),
            }
            for one, own in zip(settings.networks, records, strict=True)
        ],
        "tuning": content_of(settings, tunings),
        "columns": [
            _column(settings, records, tested, checkpoint, column)
            for checkpoint in CHECKPOINTS
            for column in columns_of(training)
        ],
        "published": [row for one in settings.networks for row in _published(one, dataset.name)],
        "failures": [
            {
                "network": one.name,
                "seed": record.seed,
                "status": record.status,
                "reason": record.evaluation.reason if record.evaluation is not None else "",
            }
            for one, own in zip(settings.networks, records, strict=True)
            for record in own
            if not record.complete
        ],
        "seconds": sum(r.evaluation.seconds for own in records for r in own if r.evaluation is not None)
        + sum(seconds(summary) for summary in tunings.values()),
        "settings": settings.model_dump(mode="json"),
    }
    return ComparisonResult(content)


def next_round(settings: ComparisonSettings, records: Records) -> tuple[int, ...]:
    """Return the number of seeds that each network should have after these trainings, at least its present number."""
    seeds = [len(own) for own in records]
    tested = _tested(settings, records)
    if settings.until_decided is not None and tested:
        rights = _rights(records, tested, *PRIMARY)
        for row, wanted in zip(tested, next_seeds(rights, settings.seeds, settings.most_seeds), strict=True):
            # After a failure further seeds of a network would be compared with other seeds of the others.
            if len(_leading(records[row])) == len(records[row]):
                seeds[row] = wanted
    return tuple(seeds)


def _leading(own: Sequence[Record]) -> list[Record]:
    """Return the trainings of a network before the first that failed."""
    return list(takewhile(lambda record: record.complete, own))


def _can_be_tested(settings: ComparisonSettings, own: Sequence[Record]) -> bool:
    """Return whether a network has results for all seeds that every network has."""
    return len(_leading(own)) >= min(settings.seeds, len(own))


def _tested(settings: ComparisonSettings, records: Records) -> list[int]:
    """Return the rows of the networks that can be tested."""
    return [row for row, own in enumerate(records) if _can_be_tested(settings, own)]


def _complete(records: Records) -> list[dict[str, Any]]:
    """Return the provenance of the completed trainings; raise LedgerError unless all used the same images."""
    found = [dict(r.evaluation.provenance) for own in records for r in own if r.complete and r.evaluation is not None]
    if len({provenance[name]["images_hash"] for provenance in found for name in CHECKPOINTS}) > 1:
        raise LedgerError("trainings of this comparison were attacked on different images: its ledger is damaged")
    return found


def _network(
    settings: ComparisonSettings, one: ComparedNetwork, own: Sequence[Record], shape: tuple[int, int, int], classes: int
) -> dict[str, Any]:
    found = _complete([own])
    leading = len(_leading(own))
    tested = _can_be_tested(settings, own)
    notes = list(dict.fromkeys(each["reason"] for each in found if each["reason"]))
    if tested and leading < len(own):
        notes.append(f"its training with seed {leading} failed, and it is tested by those before")
    return {
        **one.facts(settings.flops, shape, classes),
        "latency_ms": median(each["latency_ms"] for each in found) if found else None,
        "training_seconds": fmean(each["training_seconds"] for each in found) if found else None,
        "devices": sorted({each["device"] for each in found}),
        "seeds": len(own),
        "best_epochs": [each["best"]["epoch"] for each in found],
        "flags": sorted({flag for each in found for name in CHECKPOINTS for flag in each[name]["flags"]}),
        "notes": notes,
        "statuses": [record.status for record in own],
        "untested": "" if tested else UNTESTED,
    }


def _column(
    settings: ComparisonSettings, records: Records, tested: Sequence[int], checkpoint: str, column: str
) -> dict[str, Any]:
    """Return one kind of accuracy of one checkpoint: means, intervals, groups and pairs."""
    at = level(settings.seeds, settings.most_seeds)
    analysis = analyse(_rights(records, tested, checkpoint, column), at) if tested and column != CORRUPTIONS else None
    name = metric(checkpoint, column)
    values = [[record.metrics.get(name) for record in own] for own in records]
    return {
        "checkpoint": checkpoint,
        "attack": column,
        "networks": [_score(row, own, tested, analysis) for row, own in enumerate(values)],
        "critical": None if analysis is None else analysis.critical,
        "detectable": None if analysis is None else analysis.detectable,
        "degrees": None if analysis is None or analysis.variance is None else analysis.variance.degrees,
        "pairs": []
        if analysis is None
        else [
            {
                **asdict(pair),
                "first": settings.networks[tested[pair.first]].name,
                "second": settings.networks[tested[pair.second]].name,
            }
            for pair in analysis.pairs
        ],
    }


def _score(
    row: int, values: Sequence[float | None], tested: Sequence[int], analysis: Analysis | None
) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    score: dict[str, Any] = {
        "mean": fmean(known) if known else None,
        "half_width": None,
        "low": None,
        "high": None,
        "group": "",
    }
    if analysis is not None and row in tested:
        place = tested.index(row)
        mean, half = min(max(analysis.means[place], 0.0), 1.0), analysis.half_widths[place]
        score |= {"mean": mean, "group": analysis.groups[place]}
        if half is not None:
            score |= {"half_width": half, "low": max(mean - half, 0.0), "high": min(mean + half, 1.0)}
    return {**score, "seeds": list(values)}


def _rights(records: Records, rows: Sequence[int], checkpoint: str, column: str) -> list[Bools]:
    """Return for each network which images it classifies correctly, (seeds, images)."""
    found = []
    for row in rows:
        leading = _leading(records[row])
        evaluations = [record.evaluation.provenance[checkpoint] for record in leading if record.evaluation]
        flags = [unpack(each["right"][column], each["images"]).numpy() for each in evaluations]
        found.append(np.array(flags, dtype=np.bool_))
    return found


def _published(one: ComparedNetwork, data: str) -> list[dict[str, Any]]:
    """Return the published numbers of the network that was scaled, on the same data; in per cent as printed."""
    if one.published is None:
        return []
    return [
        {
            "network": one.published,
            "training": row.training,
            "source": row.source,
            "params_millions": row.params,
            "flops_billions": row.flops,
            "clean": _printed(row.clean),
            "pgd20": _printed(row.pgd20),
            "cw40": _printed(row.cw40),
            "autoattack": _printed(row.autoattack),
            "note": row.note,
        }
        for row in find(one.published).published
        if row.dataset == data
    ]


def _printed(accuracy: PublishedAccuracy | None) -> dict[str, float | None] | None:
    return None if accuracy is None else {"mean": accuracy.mean, "spread": accuracy.spread}
