"""Make the table of the space ``digits-bench``: every network, trained adversarially with two seeds.

    python benchmarks/search/digits_bench.py --results digits_bench.jsonl --workers 2
    python benchmarks/search/digits_bench.py --results digits_bench.jsonl --write search_spaces/digits_bench.csv.gz

The first command may be stopped and started again; it then continues. The networks are trained in a random order, so
that an incomplete table is a random sample. The second command writes the table from the existing results. It also
prints Kendall's tau between the two seeds within bands of FLOPs, which is the most that any predictor can reach.
"""

import argparse
import csv
import gzip
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import kendalltau

from rnas.nas.evaluators.adversarial_training import AdversarialTraining, AdversarialTrainingSettings
from rnas.nas.evaluators.evaluator import Context, Task
from search_spaces.digits_bench import INPUT_SHAPE, NUM_CLASSES, TRAINING, DigitsBenchSettings, DigitsBenchSpace

SEEDS = (0, 1)
METRICS = ("robust_accuracy", "robust_margin", "clean_accuracy")
BANDS = (2, 3, 4)


@cache
def space() -> DigitsBenchSpace:
    return DigitsBenchSpace(DigitsBenchSettings(), INPUT_SHAPE, NUM_CLASSES)


@cache
def evaluator() -> AdversarialTraining:
    return AdversarialTraining(AdversarialTrainingSettings(train=TRAINING), space())


def train(genome: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Train one network, and return the line of its result."""
    torch.set_num_threads(1)
    evaluate = evaluator()
    started = time.process_time()
    evaluation = evaluate.evaluate(Task(space().decode(np.array(genome)), seed), Context())
    line: dict[str, Any] = {"genome": genome, "seed": seed, "status": evaluation.status.value}
    line |= {"reason": evaluation.reason, "cpu_seconds": round(time.process_time() - started, 2)}
    return line | {"metrics": dict(evaluation.metrics), "provenance": evaluation.provenance}


def read(results: Path) -> Iterator[dict[str, Any]]:
    """Read the lines of the results, without a last line that a kill cut short."""
    if results.exists():
        for text in results.read_text().splitlines():
            try:
                yield json.loads(text)
            except json.JSONDecodeError:
                continue


def make(results: Path, workers: int, seconds: float) -> None:
    """Run the missing trainings."""
    done = {(tuple(line["genome"]), line["seed"]) for line in read(results)}
    genomes = space().enumeration
    assert genomes is not None
    order = [tuple(genome) for genome in np.random.default_rng(0).permutation(genomes).tolist()]
    missing = iter([(genome, seed) for genome in order for seed in SEEDS if (genome, seed) not in done])
    until = time.monotonic() + seconds
    with results.open("a") as file, ProcessPoolExecutor(workers) as pool:
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


def measured(line: dict[str, Any], metric: str) -> float:
    """Return a metric on search_val and test together, which have the same size; NaN if the training failed."""
    metrics = line["metrics"]
    return float(np.mean([metrics.get(metric, np.nan), metrics.get(f"test_{metric}", np.nan)]))


def write(results: Path, table: Path) -> None:
    """Write the table, with the mean of the seeds and each seed, for every network that has both."""
    lines = {(tuple(line["genome"]), line["seed"]): line for line in read(results)}
    genomes = [genome for genome, seed in lines if seed == SEEDS[-1] and (genome, SEEDS[0]) in lines]
    genomes = sorted(genomes)
    costs = space().cost(np.array(genomes))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["architecture", "flops", "params", *METRICS, *(f"{m}_seed{s}" for m in METRICS for s in SEEDS)])
    values = np.array([[[measured(lines[g, s], m) for s in SEEDS] for m in METRICS] for g in genomes])
    for genome, flops, params, row in zip(genomes, costs.flops, costs.params, values, strict=True):
        digits = "".join(map(str, genome))
        cells = [*row.mean(axis=1), *row.ravel()]
        writer.writerow([digits, flops, params, *(f"{cell:.6f}" if np.isfinite(cell) else "" for cell in cells)])
    # The header has no date and no name, so that equal tables are equal files.
    table.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    seconds = [line["cpu_seconds"] for line in lines.values()]
    print(f"{len(genomes)} networks; CPU seconds of a training: mean {np.mean(seconds):.2f}, most {max(seconds):.2f}")
    robust = values[:, METRICS.index("robust_accuracy")]
    print(f"tau of robust accuracy between the seeds: {kendalltau(*robust.T).statistic:.2f}")
    for bands in BANDS:
        edges = np.quantile(costs.flops, np.linspace(0, 1, bands + 1)[1:-1])
        band = np.searchsorted(edges, costs.flops, side="right")
        taus = [kendalltau(*robust[band == b].T).statistic for b in range(bands)]
        print(f"  within {bands} bands of FLOPs {', '.join(f'{tau:.2f}' for tau in taus)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="one line of JSON a training")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="time in seconds after which no training is started"
    )
    parser.add_argument("--write", type=Path, help="write the table here instead of training")
    arguments = parser.parse_args()
    if arguments.write is not None:
        write(arguments.results, arguments.write)
    else:
        make(arguments.results, arguments.workers, arguments.seconds)


if __name__ == "__main__":
    main()
