"""The table of residual networks on CIFAR-10: its list of networks, and how trainings become a table."""

import csv
import gzip
import importlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.evaluators.adversarial_training import AdversarialTraining, AdversarialTrainingSettings
from search_spaces.digits_bench import INPUT_SHAPE, NUM_CLASSES, TRAINING, DigitsBenchSettings, DigitsBenchSpace
from search_spaces.robust_resnet import RobustResNetSettings, RobustResNetSpace

FOLDER = Path(__file__).parents[2] / "benchmarks" / "search"


@pytest.fixture(scope="module")
def benchmark() -> Iterator[Any]:
    """The files of the benchmark by name, imported as they import each other."""
    names = ("trained_table", "cifar10_bench")
    sys.path.insert(0, str(FOLDER))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def space(benchmark: Any) -> RobustResNetSpace:
    bench = benchmark.cifar10_bench
    return RobustResNetSpace(RobustResNetSettings(**bench.SPACE), bench.INPUT_SHAPE, bench.NUM_CLASSES)


def test_the_networks_are_different_at_their_levels_and_balanced(benchmark: Any, space: RobustResNetSpace) -> None:
    bench = benchmark.cifar10_bench
    genomes = bench.networks(FOLDER / "cifar10_bench.jsonl", space)
    assert len(set(genomes)) == len(genomes) == len(bench.LEVELS) * bench.PER_LEVEL
    flops = space.cost(np.array(genomes)).flops.reshape(-1, len(bench.LEVELS))
    assert (np.abs(flops / bench.LEVELS - 1) < bench.TOLERANCE).all()
    for count in (30, 90, 420):
        blocks = Counter((genome[6], genome[7], row % 5) for row, genome in enumerate(genomes[:count]))
        assert len(blocks) == 30
        assert max(blocks.values()) == min(blocks.values()) == count // 30


def test_results_of_another_training_are_not_gone_on_with(
    benchmark: Any, space: RobustResNetSpace, tmp_path: Path
) -> None:
    (tmp_path / "other.jsonl").write_text(json.dumps({"training": {"data": "digits"}, "networks": ["00000000"]}))
    with pytest.raises(InputError, match="trained by other settings"):
        benchmark.cifar10_bench.networks(tmp_path / "other.jsonl", space)


def test_a_table_has_the_networks_of_both_seeds_and_the_mean_over_all_images(benchmark: Any, tmp_path: Path) -> None:
    common = benchmark.trained_table
    digits = DigitsBenchSpace(DigitsBenchSettings(), INPUT_SHAPE, NUM_CLASSES)
    training = {**TRAINING, "images": {"search_val": 100, "test": 300}}
    work = common.Work(AdversarialTraining(AdversarialTrainingSettings(train=training), digits), [])
    genomes = [(0,) * 8, (1,) * 8, (2, 2, 2, 1, 1, 1, 2, 1)]

    def line(genome: tuple[int, ...], seed: int, robust: float) -> str:
        metrics = {f"{prefix}{name}": robust for prefix in ("", "test_") for name in common.METRICS}
        metrics["robust_accuracy"] = 0.0
        return json.dumps({"genome": genome, "seed": seed, "metrics": metrics, "cpu_seconds": 1.0})

    lines = [line(genome, seed, 0.2 + 0.1 * seed) for genome in genomes for seed in (0, 1)]
    (tmp_path / "r.jsonl").write_text("\n".join(['{"networks": []}', *lines[:-1], lines[-1][:20]]))
    found = common.measured(work, tmp_path / "r.jsonl")
    common.write(found, tmp_path / "t.csv.gz")
    with gzip.open(tmp_path / "t.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    assert [row["architecture"] for row in rows] == ["00000000", "11111111"]
    assert [float(rows[0][f"robust_accuracy{end}"]) for end in ("", "_seed0", "_seed1")] == [0.1875, 0.15, 0.225]
    assert float(rows[0]["clean_accuracy"]) == 0.25
