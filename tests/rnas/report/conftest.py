"""Runs as ``rnas report DIR --json`` prints them, made up but shaped like real ones."""

import hashlib
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rnas.networks.nas_bench_201 import OPERATIONS
from tests.rnas.report.browser import CHROMIUM, Browser, Page, browser

FAILURES = {
    7: ("diverged", "loss is not finite at step 12 of epoch 2"),
    19: ("out-of-memory", "needed more memory than the limit of 4G"),
    28: ("timeout", "stopped after 60 s"),
    33: ("failed", "ValueError: <b>cannot</b> run"),
}
_SHAPE = [1, 8, 8]
_BLOCKS: list[dict[str, Any]] = [
    {},
    {"activation": "silu"},
    {"topology": "bottleneck", "activation": "gelu", "first_input": "activated"},
    {"topology": "inverted-bottleneck", "kernel_size": 5},
    {
        "topology": "robust-res-block",
        "activation": "silu",
        "cardinality": 4,
        "scales": 8,
        "base_width": 10,
        "squeeze_excitation": "residual",
        "reduction": 64,
    },
    {"topology": "no-residual", "order": "post", "normalization": "group"},
    {"squeeze_excitation": "identity", "normalization": "instance", "order": "post"},
]

Directions = Sequence[tuple[str, str]]
Run = dict[str, Any]
TRADE_OFF: Directions = (("robust_accuracy", "maximize"), ("flops", "minimize"))


def _key(architecture: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(architecture, sort_keys=True).encode()).hexdigest()[:12]


def residual(rng: random.Random) -> dict[str, Any]:
    stages = 3
    architecture: dict[str, Any] = {
        "kind": "residual",
        "depths": [rng.randint(1, 5) for _ in range(stages)],
        "channels": [16 * 2**at * rng.choice([1, 2, 3]) // 2 for at in range(stages)],
        "upsample": 2,
    }
    if rng.random() < 0.3:
        architecture["blocks"] = [rng.choice(_BLOCKS) for _ in range(stages)]
    elif block := rng.choice(_BLOCKS):
        architecture["blocks"] = [block]
    return architecture


def _trained_metrics(architecture: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    depths, channels = architecture["depths"], architecture["channels"]
    flops = sum(20 * d * c * c * 64 // 4**at for at, (d, c) in enumerate(zip(depths, channels, strict=True)))
    robust = round(450 * (0.3 + 0.06 * math.log10(flops) + rng.gauss(0, 0.03))) / 450
    return {
        "robust_accuracy": robust,
        "clean_accuracy": round(450 * (0.86 + 0.01 * math.log10(flops))) / 450,
        "robust_margin": robust - 0.3,
        "test_robust_accuracy": round(447 * (robust - rng.random() * 0.04)) / 447,
        "test_clean_accuracy": 425 / 447,
        "flops": flops,
        "params": 17 * sum(d * c * c for d, c in zip(depths, channels, strict=True)),
    }


def dominates(first: dict[str, float], second: dict[str, float], objectives: Directions) -> bool:
    gains = [(1 if d == "minimize" else -1) * (second[m] - first[m]) for m, d in objectives]
    return min(gains) >= 0 and max(gains) > 0


def _front(evaluations: list[dict[str, Any]], objectives: Directions) -> list[str]:
    complete = [e for e in evaluations if e["status"] == "complete"]
    return [
        e["key"]
        for e in complete
        if not any(dominates(other["metrics"], e["metrics"], objectives) for other in complete)
    ]


def _provenance() -> dict[str, Any]:
    return {
        "recipe": {"name": "sat", "learning_rate": 0.1, "momentum": 0.9},
        "recipe_hash": "5d41402abc4b",
        "data": {
            "name": "digits",
            "hash": "7d793037a076",
            "input_shape": _SHAPE,
            "images": {"train": 900, "val": 0, "search_val": 450, "test": 447},
        },
        "evaluation": {"attack": "pgd on cross-entropy and margin", "epsilon": "3/20", "steps": 20},
        "versions": {"python": "3.11.2", "torch": "2.13.0"},
        "device": "cpu",
    }


def make_run(
    evaluations: int = 45,
    objectives: Directions = TRADE_OFF,
    failures: dict[int, tuple[str, str]] | None = None,
    seed: int = 0,
) -> Run:
    """A search with adversarial training, of which some evaluations failed."""
    rng = random.Random(seed)
    failures = FAILURES if failures is None else failures
    records: list[dict[str, Any]] = []
    for number in range(evaluations):
        architecture = residual(rng)
        status, reason = failures.get(number, ("complete", ""))
        complete = status == "complete"
        metrics = _trained_metrics(architecture, rng) if complete else {}
        records.append(
            {
                "number": number,
                "key": _key(architecture),
                "architecture": architecture,
                "parameters": {f"depth{at}": d for at, d in enumerate(architecture["depths"], 1)},
                "status": status,
                "reason": reason,
                "metrics": metrics,
                "fidelity": {"epochs": 6, "batch_size": 64},
                "seed": 0,
                "batch": number // 5,
                "num_observed": number // 5 * 5,
                "predictions": {"robust_accuracy": {"mean": 0.7, "std": 0.02}} if number >= 15 else {},
                "curve": [
                    {
                        "epoch": epoch,
                        "loss": 2.3 / epoch + rng.random() / 9,
                        "robust_accuracy": 0.12 * epoch,
                        "seconds": 2,
                    }
                    for epoch in range(1, 7 if complete else 2)
                ],
                "seconds": 9 + 8 * rng.random(),
                "provenance": _provenance(),
            }
        )
    return _finished(records, objectives, "digits-1", {"name": "robust-resnet", "flops": [100_000, 9_000_000]})


def make_table_run(evaluations: int = 60, seed: int = 1) -> Run:
    """A search over the rows of a table: cells, metrics of any name, neither curves nor provenance of data."""
    rng = random.Random(seed)
    records: list[dict[str, Any]] = []
    for number in range(evaluations):
        architecture = {"kind": "nas-bench-201", "operations": [OPERATIONS[rng.randrange(5)] for _ in range(6)]}
        strength = sum("conv" in operation for operation in architecture["operations"])
        metrics = {"pgd_8": 10 + 6 * strength + rng.gauss(0, 2), "flops_m": 8 + 30.5 * strength, "clean": None}
        records.append(
            {
                "number": number,
                "key": _key(architecture),
                "architecture": architecture,
                "parameters": {"edge_1": "conv3x3"},
                "status": "complete",
                "reason": "",
                "metrics": metrics,
                "fidelity": {},
                "seed": 0,
                "batch": number // 10,
                "num_observed": 0,
                "predictions": {},
                "curve": [],
                "seconds": 0.0,
                "provenance": {"table": {"file": "table.csv", "hash": "0cc175b9c0f1"}},
            }
        )
    return _finished(records, (("pgd_8", "maximize"), ("flops_m", "minimize")), "table-1", "nas-bench-201")


def _finished(records: list[dict[str, Any]], objectives: Directions, name: str, space: Any) -> Run:
    complete = sum(record["status"] == "complete" for record in records)
    return {
        "schema_version": 1,
        "name": name,
        "config": {
            "space": space,
            "seed": 0,
            "budget": len(records),
            "objectives": [{"metric": metric, "direction": direction} for metric, direction in objectives],
        },
        "objectives": [{"metric": metric, "direction": direction} for metric, direction in objectives],
        "reference_point": [0.1 if direction == "maximize" else 9e6 for _, direction in objectives],
        "ideal_point": [1.0 if direction == "maximize" else 0.0 for _, direction in objectives],
        "evaluations": records,
        "front": _front(records, objectives),
        "hypervolume": [5e6 * (1 - math.exp(-number / 12)) if complete else None for number in range(len(records))],
        "surrogate": [
            {
                "batch": batch,
                "metric": objectives[0][0],
                "tau": 0.1 * batch,
                "evaluations": min(5 * batch, 20),
                "after": 5 * batch + 5,
                "predicted": 5 * batch,
                "tau_overall": 0.05 * batch,
                "tau_top_fifth": 0.02 * batch if batch > 4 else None,
                "coverage_90": 0.9,
            }
            for batch in range(3, len(records) // 5)
        ],
        "notes": ["digits test the machinery and are no evidence about RobustScaling"],
    }


@pytest.fixture
def trained_run() -> Run:
    return make_run()


@pytest.fixture
def table_run() -> Run:
    return make_table_run()


@pytest.fixture
def run_of() -> Callable[..., Run]:
    return make_run


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests; they are skipped where none is installed."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed to open the page in")
    with browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens the text of a page in a tab of its own: ``opened(text, width=400, dark=True)``."""
    pages: list[Page] = []

    def opened(text: str, **window: Any) -> Page:
        path = tmp_path / f"run {len(pages)}" / "report.html"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        pages.append(chromium.open(path, **window))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()
