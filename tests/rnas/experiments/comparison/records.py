"""A comparison whose trainings are drawn, not run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnas.evaluation._image_flags import pack
from rnas.experiments.comparison._resolve import resolve_settings
from rnas.experiments.comparison._training import CHECKPOINTS, CORRUPTIONS, columns_of, metric
from rnas.experiments.comparison.settings import ComparisonSettings
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.ledger import Record
from tests.rnas.experiments.comparison.simulated import right

IMAGES = 120


def small(folder: Path, name: str = "small", **fields: object) -> str:
    """The path of the JSON file of a residual network of 1.94M FLOPs on digits."""
    path = folder / f"{name}.json"
    content = {"kind": "residual", "depths": [2, 5], "channels": [16, 32], "stem_width": 8, **fields}
    path.write_text(json.dumps(content))
    return str(path)


def settings(folder: Path, seeds: int = 2, **given: Any) -> ComparisonSettings:
    """Of three networks at 2M FLOPs on digits."""
    return resolve_settings(
        [small(folder), "resnet-18", "wrn-28-10"],
        flops="2M",
        seeds=seeds,
        data="digits",
        recipe="short-sat",
        fidelity={"epochs": 1},
        attacks=("pgd20",),
        **given,
    )


def records(
    chosen: ComparisonSettings,
    accuracies: Sequence[float],
    failed: tuple[int, ...] = (),
    seeds: Sequence[int] | None = None,
    failing_seed: int = 0,
) -> list[tuple[Record, ...]]:
    """A record for each network and seed; one training, usually the first, of those that failed has no result."""
    rng = np.random.default_rng(0)
    counts = seeds or [chosen.seeds] * len(chosen.networks)
    drawn = {name: right(rng, list(accuracies), max(counts), IMAGES) for name in CHECKPOINTS}
    found = []
    for row, one in enumerate(chosen.networks):
        own = []
        for seed in range(counts[row]):
            provenance = {"latency_ms": 2.0, "training_seconds": 90.0, "device": "a <device>", "reason": ""}
            metrics = {}
            for name in CHECKPOINTS:
                under = torch.from_numpy(drawn[name][row, seed])
                columns = columns_of(chosen.training)
                rights = {column: under for column in columns if column not in ("clean", CORRUPTIONS)}
                rights = {"clean": torch.ones(IMAGES), **rights}
                if CORRUPTIONS in columns:
                    metrics[metric(name, CORRUPTIONS)] = 0.25 + seed / 100
                provenance[name] = {
                    "epoch": 1,
                    "images": IMAGES,
                    "images_hash": "of these",
                    "published_test_images": False,
                    "flags": ["zero gradient"] if row == 1 else [],
                    "right": {column: pack(flags) for column, flags in rights.items()},
                }
                metrics |= {metric(name, column): flags.double().mean().item() for column, flags in rights.items()}
            evaluation = Evaluation(Status.COMPLETE, metrics, seconds=100.0, provenance=provenance)
            if row in failed and seed == failing_seed:
                evaluation = Evaluation(Status.DIVERGED, seconds=1.0, reason="<loss> is not finite")
            own.append(Record(0, f"key{row}", one.network, seed, {}, 0, 0, evaluation=evaluation))
        found.append(tuple(own))
    return found
