"""Sample efficiency of the strategies on NAS-RobBench-201 (Wu et al., ICLR 2024).

Maximises the PGD accuracy at 8/255 of 6,466 adversarially trained cells and minimises their FLOPs. Hypervolume is
measured with error from 0.10 to the best accuracy and FLOPs over the table's range, both scaled to [0, 1], below the
reference point (1, 1.01), as a share of the true front's. The table is not part of the project: give its path, or a
folder that holds it in RNAS_TEST_DATA.

    python benchmarks/search/nas_robbench.py --strategies random nsga2 surrogate-nsga2 --seeds 10 --json results.json
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from rnas import registry
from rnas.cost import Integers
from rnas.evaluation.evaluator import Context, Task
from rnas.evaluation.table import Table, TableSettings
from rnas.optimization.front import hypervolume, hypervolume_history, normalised
from rnas.optimization.objective import Objective, minimised
from rnas.optimization.problem import problem_of
from rnas.optimization.strategy import Proposal, View
from search_spaces.nas_bench_201 import NASBench201, NASBench201Settings

FILE = "nas_robbench_201_cifar10.csv.gz"
OBJECTIVES = (Objective(metric="pgd_8", direction="maximize"), Objective(metric="flops_m", direction="minimize"))
CHANCE = 0.10
AT = (25, 50, 75, 100, 120, 150, 200, 250, 300)
LEVELS = (0.980, 0.990, 0.9955)


class Benchmark:
    """The problem of one table, with all of its results at hand."""

    def __init__(self, table: Path) -> None:
        self.space = NASBench201(NASBench201Settings(), (3, 32, 32), 10)
        self.evaluator = Table(TableSettings(table=table, architecture="cell"), self.space)
        self.problem = problem_of(self.space, self.evaluator, OBJECTIVES)
        genomes = self.space.enumeration
        assert genomes is not None
        points = minimised(self.evaluate(genomes), OBJECTIVES)
        self.ideal = points.min(axis=0)
        self.nadir = np.array([-CHANCE, points[:, 1].max()])
        self.volume = hypervolume(normalised(points, self.nadir, self.ideal), np.array([1.0, 1.01]))

    def evaluate(self, genomes: Integers) -> dict[str, np.ndarray]:
        """Metrics (n,) of genomes (n, v)."""
        tasks = [Task(self.space.decode(genome), seed=0) for genome in genomes]
        metrics = [self.evaluator.evaluate(task, Context()).metrics for task in tasks]
        return {name: np.array([row[name] for row in metrics]) for name in metrics[0]}

    def shares(self, metrics: dict[str, np.ndarray]) -> np.ndarray:
        """Share (n,) of the true front's hypervolume after each evaluation."""
        points = normalised(minimised(metrics, OBJECTIVES), self.nadir, self.ideal)
        return hypervolume_history(points, np.array([1.0, 1.01])) / self.volume


def search(benchmark: Benchmark, strategy: Any, seed: int, budget: int, batch: int) -> tuple[Any, list[Proposal]]:
    """Ask and tell until the budget is used: metrics in order, and the proposals."""
    genomes = np.empty((0, len(benchmark.space.variables)), dtype=np.int64)
    metrics: dict[str, np.ndarray] = {objective.metric: np.empty(0) for objective in OBJECTIVES}
    proposals: list[Proposal] = []
    while len(genomes) < budget:
        view = View(genomes, metrics, np.zeros(len(genomes), dtype=bool), genomes[:0])
        proposed = strategy.propose(batch, view, np.random.default_rng([seed, len(genomes)]))
        if not proposed:
            break
        proposals += proposed
        new = np.stack([proposal.genome for proposal in proposed])
        results = benchmark.evaluate(new)
        genomes = np.concatenate([genomes, new])
        metrics = {name: np.concatenate([metrics.get(name, np.empty(0)), results[name]]) for name in metrics}
    return metrics, proposals


def foretold(metrics: dict[str, np.ndarray], proposals: Sequence[Proposal], first: int) -> tuple[float, float]:
    """Kendall's tau of predicted and true accuracy, and coverage of 90 % intervals, of predicted proposals."""
    rows = [row for row in range(first, len(proposals)) if "pgd_8" in proposals[row].predictions]
    if len(rows) < 2:
        return float("nan"), float("nan")
    predicted = [proposals[row].predictions["pgd_8"] for row in rows]
    mean, std = np.array([p.mean for p in predicted]), np.array([p.std for p in predicted])
    true = metrics["pgd_8"][rows]
    return float(kendalltau(mean, true).statistic), float((np.abs(mean - true) <= 1.645 * std).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=Path(os.environ.get("RNAS_TEST_DATA", ".")) / FILE)
    parser.add_argument("--strategies", nargs="+", default=["random", "nsga2", "surrogate-nsga2"])
    parser.add_argument("--options", type=json.loads, default={}, help="JSON object of options for every strategy")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=int, default=300)
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write all curves here")
    arguments = parser.parse_args()
    benchmark = Benchmark(arguments.table)
    results = {name: run(benchmark, name, arguments) for name in arguments.strategies}
    if arguments.json:
        arguments.json.write_text(json.dumps(results))


def run(benchmark: Benchmark, name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Search with every seed and print a summary."""
    started = time.perf_counter()
    curves, taus, coverages = [], [], []
    for seed in range(arguments.seeds):
        strategy = registry.load(registry.STRATEGIES, name)(benchmark.problem, **arguments.options)
        metrics, proposals = search(benchmark, strategy, seed, arguments.budget, arguments.batch)
        curves.append(benchmark.shares(metrics)[: arguments.budget])
        tau, coverage = foretold(metrics, proposals, first=100)
        taus.append(tau)
        coverages.append(coverage)
    mean, error = np.mean(curves, axis=0), np.std(curves, axis=0) / np.sqrt(len(curves))
    print(f"{name} {arguments.options or 'as it is'}, batches of {arguments.batch}, {arguments.seeds} seeds")
    shown = [count for count in AT if count <= arguments.budget]
    print("  hypervolume  " + "  ".join(f"{n}: {mean[n - 1]:.4f}±{error[n - 1]:.4f}" for n in shown))
    reached = [int(np.argmax(mean >= level)) + 1 if mean[-1] >= level else None for level in LEVELS]
    print("  evaluations  " + "  ".join(f"{level}: {n}" for level, n in zip(LEVELS, reached, strict=True)))
    if np.isfinite(taus).all():
        print(f"  predictions  tau {np.mean(taus):.2f}, 90 % intervals cover {np.mean(coverages):.0%}")
    print(f"  time         {(time.perf_counter() - started) / arguments.seeds:.1f} s a search", flush=True)
    return {"curves": np.array(curves).tolist(), "tau": taus, "coverage": coverages, "batch": arguments.batch}


if __name__ == "__main__":
    main()
