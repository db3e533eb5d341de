"""Train every network of a list adversarially with several seeds, and make a table of the results.

It is the common part of ``digits_bench.py`` and ``cifar10_bench.py``. The results are a file of JSON lines, one for
each training, so that the work can be stopped at any time and started again.
"""

import argparse
import csv
import gzip
import io
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import kendalltau

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.nas.evaluators.adversarial_training import AdversarialTraining
from rnas.nas.evaluators.evaluator import Context, Task

SEEDS = (0, 1)
METRICS = ("robust_accuracy", "robust_margin", "clean_accuracy")

Genome = tuple[int, ...]

_evaluators: list[AdversarialTraining] = []
"""The evaluator of a worker process."""


@dataclass(frozen=True)
class Work:
    """Define the trainings of a table.

    Attributes:
        evaluator: how each network is trained and measured.
        genomes: the networks, in the order in which they are trained.
    """

    evaluator: AdversarialTraining
    genomes: Sequence[Genome]


def start_worker(evaluator: AdversarialTraining) -> None:
    """Give a worker process its evaluator and one thread."""
    torch.set_num_threads(1)
    _evaluators.append(evaluator)


def train(genome: Genome, seed: int) -> dict[str, Any]:
    """Train one network, and return the line of its result."""
    evaluator = _evaluators[0]
    started = time.process_time()
    evaluation = evaluator.evaluate(Task(evaluator._space.decode(np.array(genome)), seed), Context())
    line: dict[str, Any] = {"genome": genome, "seed": seed, "status": evaluation.status.value}
    line |= {"reason": evaluation.reason, "cpu_seconds": round(time.process_time() - started, 2)}
    curve = [{name: round(value, 4) for name, value in epoch.items()} for epoch in evaluation.curve]
    made = {name: evaluation.provenance[name] for name in ("recipe_hash", "versions", "processor")}
    return line | {"metrics": dict(evaluation.metrics), "curve": curve, "provenance": made}


def read(results: Path) -> Iterator[dict[str, Any]]:
    """Read the lines of trainings, without a last line that a kill cut short."""
    if results.exists():
        for text in results.read_text().splitlines():
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                continue
            if "genome" in line:
                yield line


def make(work: Work, results: Path, workers: int, seconds: float) -> None:
    """Run the missing trainings, both seeds of a network one after the other."""
    done = {(tuple(line["genome"]), line["seed"]) for line in read(results)}
    missing = iter([(g, seed) for g in work.genomes for seed in SEEDS if (g, seed) not in done])
    until = time.monotonic() + seconds
    pool = ProcessPoolExecutor(workers, initializer=start_worker, initargs=(work.evaluator,))
    with results.open("a") as file, pool:
        running = {pool.submit(train, *job) for _, job in zip(range(2 * workers), missing, strict=False)}
        while running:
            for future in as_completed(running):
                running.remove(future)
                # Start a new line even after one that was cut short.
                file.write(f"\n{json.dumps(future.result())}")
                file.flush()
                job = next(missing, None) if time.monotonic() < until else None
                if job is not None:
                    running.add(pool.submit(train, *job))
                break


@dataclass(frozen=True)
class Measured:
    """Hold what was measured of the networks that have all seeds.

    Attributes:
        genomes: (n,) networks, in ascending order.
        flops: (n,) FLOPs.
        params: (n,) params.
        values: (n, metrics, seeds), NaN where a training failed.
        cpu_seconds: processor seconds of each training and its attacks.
    """

    genomes: list[Genome]
    flops: Floats
    params: Floats
    values: Floats
    cpu_seconds: list[float]


def measured(work: Work, results: Path) -> Measured:
    """Read the results of the networks that have all seeds; raise InputError if there are none."""
    lines = {(tuple(line["genome"]), line["seed"]): line for line in read(results)}
    genomes = sorted(g for g, seed in lines if seed == SEEDS[-1] and all((g, s) in lines for s in SEEDS))
    if not genomes:
        raise InputError(f"{results}: no network has all seeds yet; let the trainings go on")
    images = work.evaluator.settings.train.images
    assert images is not None
    weights = images.search_val, images.test
    values = [[[_both(lines[g, s]["metrics"], m, weights) for s in SEEDS] for m in METRICS] for g in genomes]
    costs = work.evaluator._space.cost(np.array(genomes))
    seconds = [float(line["cpu_seconds"]) for line in lines.values()]
    return Measured(genomes, costs.flops, costs.params, np.array(values), seconds)


def _both(metrics: dict[str, float], metric: str, images: tuple[int, int]) -> float:
    """Return a metric on the images of search_val and test together; NaN if the training failed."""
    parts = [metrics.get(metric, np.nan), metrics.get(f"test_{metric}", np.nan)]
    return float(np.average(parts, weights=images))


def write(found: Measured, table: Path) -> None:
    """Write the table, with the mean of the seeds and each seed, for every network that has both."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["architecture", "flops", "params", *METRICS, *(f"{m}_seed{s}" for m in METRICS for s in SEEDS)])
    for genome, flops, params, row in zip(found.genomes, found.flops, found.params, found.values, strict=True):
        digits = "".join(map(str, genome))
        cells = [*row.mean(axis=1), *row.ravel()]
        writer.writerow([digits, flops, params, *(f"{cell:.6f}" if np.isfinite(cell) else "" for cell in cells)])
    # The header has no date and no name, so that equal tables are equal files.
    table.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def report(found: Measured, bands: Sequence[Sequence[float]]) -> None:
    """Print the time of a training, and how far the seeds agree within bands of FLOPs.

    Args:
        found: the results.
        bands: inner edges of the bands, in FLOPs, for each division into bands.
    """
    seconds = found.cpu_seconds
    print(f"{len(found.genomes)} networks; CPU seconds: mean {np.mean(seconds):.2f}, most {max(seconds):.2f}")
    for number, metric in enumerate(METRICS):
        values = found.values[:, number]
        print(f"{metric}: mean {np.nanmean(values):.4f}, least {np.nanmin(values):.4f}, most {np.nanmax(values):.4f}")
        print(f"  tau between the seeds {_tau(values):.2f}")
        for edges in bands:
            band = np.searchsorted(edges, found.flops, side="right")
            inside = [values[band == b] for b in range(len(edges) + 1)]
            print(f"  within {len(inside)} bands of FLOPs {', '.join(f'{_tau(v):.2f}' for v in inside)}")
            noise = np.sqrt(np.mean([np.nanvar(v, axis=1, ddof=1).mean() for v in inside if len(v) > 1]))
            spread = np.sqrt(np.mean([np.nanvar(v.mean(axis=1), ddof=1) for v in inside if len(v) > 1]))
            print(f"  deviation of a seed {noise:.4f}, of the networks' means within a band {spread:.4f}")


def _tau(values: Floats) -> float:
    """Return Kendall's tau between the seeds (n, 2)."""
    return float(kendalltau(*values[np.isfinite(values).all(axis=1)].T).statistic) if len(values) > 1 else float("nan")


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the options that all tables have."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--results", type=Path, required=True, help="one line of JSON a training")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument(
        "--seconds", type=float, default=float("inf"), help="time in seconds after which no training is started"
    )
    options.add_argument("--write", type=Path, help="write the table here instead of training")
    options.add_argument("--report", action="store_true", help="print how far the seeds agree instead of training")
    return options
