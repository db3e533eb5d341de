"""Measure how well predictors rank networks that they have not seen, and the coverage of their intervals.

Each predictor is fitted, as in a search, to the results of random networks of a table, and then predicts at most 2,000
others. Columns are Kendall's tau over all of these and over the fifth of the most robust ones, the share of 90 %
intervals that contain the true value, and CPU seconds to fit and to cross-validate once. They are means over seeds,
which draw the networks, with 95 % intervals (Student's t).

    python benchmarks/search/predictors.py --table nas-robbench --json benchmarks/search/predictors.json
"""

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmark_table import NAMES, BenchmarkTable
from measures import prequential
from scipy.stats import t as student

from rnas import registry
from rnas.nas.strategies.surrogate import Surrogate
from rnas.nas.strategy import View

TESTED = 2000
PREDICTORS = (
    "gaussian-process",
    "support-vector",
    "radial-basis",
    "gradient-boosting",
    "mlp-ensemble",
    "switching",
)
_COLUMNS = ("tau", "top_fifth_tau", "coverage", "cpu_s")


def measured(table: BenchmarkTable, predictor: str, n: int, seed: int) -> dict[str, Any]:
    """Return the columns of one predictor, fitted to ``n`` networks."""
    rows = np.random.default_rng([seed, n]).permutation(len(table.genomes))
    fitted, asked = rows[:n], rows[n : n + TESTED]
    metrics = {name: column[fitted] for name, column in table.metrics.items()}
    view = View(table.genomes[fitted], metrics, np.zeros(n, dtype=bool), table.genomes[:0])
    started = time.process_time()
    surrogate = Surrogate(table.problem, view, registry.load(registry.PREDICTORS, predictor))
    seconds = time.process_time() - started
    predictions = [row[table.accuracy] for row in surrogate.predictions(table.genomes[asked])]
    mean, std = np.array([p.mean for p in predictions]), np.array([p.std for p in predictions])
    quality = prequential(mean, std, table.metrics[table.accuracy][asked]) or {}
    return {**quality, "cpu_s": round(seconds, 3)}


def summary(values: Sequence[float]) -> str:
    """Format the mean and half the width of its 95 % interval."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.3f}"
    return f"{mean:.3f} ± {student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", choices=NAMES, default="nas-robbench")
    parser.add_argument(
        "--file", type=Path, help="file of nas-robbench [default: looked up in the folder RNAS_TEST_DATA]"
    )
    parser.add_argument("--predictors", nargs="+", default=PREDICTORS)
    parser.add_argument("--fitted", nargs="+", type=int, default=(50, 100, 200))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write all values here")
    arguments = parser.parse_args()
    table = BenchmarkTable(arguments.table, arguments.file)
    results = []
    print(f"| predictor | n | {' | '.join(_COLUMNS)} |\n|{'---|' * (2 + len(_COLUMNS))}")
    for n in arguments.fitted:
        for predictor in arguments.predictors:
            runs = [measured(table, predictor, n, seed) for seed in range(arguments.seeds)]
            columns = {name: [run[name] for run in runs] for name in _COLUMNS}
            print(f"| {predictor} | {n} | {' | '.join(summary(values) for values in columns.values())} |", flush=True)
            results.append({"predictor": predictor, "fitted": n, **columns})
    if arguments.json:
        content = {"table": table.name, "hash": table.hash, "tested": TESTED, "results": results}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
