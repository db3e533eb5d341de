"""Compare asynchronous searches with 16 evaluations in flight to searches in batches, on tables of known results.

    python benchmarks/search/asynchronous.py --tables digits-bench nas-robbench --seeds 10 --budget 300

Each search is that of the package, with its loop, default strategy and ledger, on a virtual cluster whose evaluations
take a time proportional to their networks' FLOPs, with a random part and stragglers. Missing hypervolume is counted
after so many results, in the order in which they came, as in `strategies.py`. Each search is one line of the results,
and lines that exist are skipped. Without --tables, it only shows the results.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import strategy_results
from benchmark_table import BenchmarkTable, load_table
from intervals import mean_interval
from one_search import strategy_of

from rnas._typing import Floats
from rnas.nas._loop import Loop
from rnas.nas.execution.cluster_model import ClusterModel
from rnas.nas.execution.virtual_cluster import VirtualCluster
from rnas.nas.front import hypervolume, hypervolume_history
from rnas.nas.ledger import Ledger
from rnas.utils.provenance import versions

_STRATEGY = "surrogate-nsga2"
_AT = (30, 50, 75, 100, 150, 200, 300)
_SAMPLES = 256


@dataclass(frozen=True)
class Way:
    """A way to propose.

    Attributes:
        workers: evaluations at once.
        batch: networks of a batch, or in flight.
        lookahead: batches that may be open when the next is proposed.
        asynchronous: whether networks are proposed one by one.
    """

    workers: int
    batch: int
    lookahead: Literal[0, 1] = 0
    asynchronous: bool = False


WAYS = {
    "batches of 4": Way(4, 4),
    "16 in flight": Way(16, 16, asynchronous=True),
    "batches of 16, two open": Way(16, 16, lookahead=1),
}
_DEFAULT = next(iter(WAYS))


def searched(table: BenchmarkTable, name: str, seed: int, budget: int) -> dict[str, Any]:
    """Search in one way, and return the line of its results."""
    way, setup = WAYS[name], table.setup
    space = setup.space
    sample = space.sample(_SAMPLES, np.random.default_rng(0))
    model = ClusterModel(workers=way.workers, spread=0.5, failures=0.0, seed=seed)
    usual = float(np.median(space.cost(sample).flops))
    cluster = VirtualCluster(setup.evaluator, model, usual, space.input_shape, space.num_classes)
    ledger = Ledger.in_memory(setup.problem.objectives)
    strategy = strategy_of(_STRATEGY, setup.problem, noise=False)
    began = time.process_time()
    Loop(
        problem=setup.problem,
        strategy=strategy,
        ledger=ledger,
        executor=cluster,
        seed=seed,
        batch_size=way.batch,
        lookahead=way.lookahead,
        asynchronous=way.asynchronous,
    ).run(budget)
    seconds = time.process_time() - began
    records = [ledger.records[number] for number in cluster.ends]
    rows = table.rows(np.stack([space.encode(record.architecture) for record in records]))
    failed = np.array([not record.complete for record in records])
    front = hypervolume(table.front(np.zeros(len(table.genomes), dtype=bool)), table.reference)
    missing = 1 - hypervolume_history(table.scaled(rows, failed), table.reference) / front
    return {
        "table": table.name,
        "table_hash": table.hash,
        "way": name,
        "seed": seed,
        "budget": budget,
        "curve": [float(f"{value:.6g}") for value in np.maximum(missing, 0)],
        "utilisation": round(cluster.utilisation(max(cluster.starts.values())), 4),
        "cpu_seconds": round(seconds, 1),
        "versions": versions(),
    }


def markdown(lines: list[strategy_results.Line]) -> str:
    """Return means over seeds as a Markdown table, and paired differences from the first way."""
    curves: dict[str, dict[str, dict[int, list[float]]]] = {}
    for line in lines:
        curves.setdefault(line["table"], {}).setdefault(line["way"], {})[line["seed"]] = line["curve"]
    rows = [f"| table | way | seeds | {' | '.join(map(str, _AT))} |", f"|---|---|---|{'---:|' * len(_AT)}"]
    for table, ways in curves.items():
        for way, own in ways.items():
            rows.append(_row(table, way, [np.array(curve) for curve in own.values()]))
            pairs = [(own[seed], ways[_DEFAULT][seed]) for seed in own if seed in ways.get(_DEFAULT, {})]
            if way != _DEFAULT and pairs:
                ends = [min(len(one), len(other)) for one, other in pairs]
                differences = [
                    np.array(one[:end]) - np.array(other[:end]) for (one, other), end in zip(pairs, ends, strict=True)
                ]
                rows.append(_row(table, f"{way}, minus {_DEFAULT}", differences))
    return "\n".join(rows)


def _row(table: str, way: str, curves: list[Floats]) -> str:
    cells = []
    for at in _AT:
        values = np.array([100 * curve[at - 1] for curve in curves if len(curve) >= at])
        if len(values) > 1:
            mean, half = mean_interval(values)
            fewer = f", {len(values)} seeds" if len(values) < len(curves) else ""
            cells.append(f"{mean:.2f} ± {half:.2f}{fewer}")
        else:
            cells.append("")
    return f"| {table} | {way} | {len(curves)} | {' | '.join(cells)} |"


def main() -> None:
    """Search what is missing and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=[], help="tables, as in strategies.py, but none that is planted")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=int, default=150)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    arguments = parser.parse_args()
    lines = strategy_results.lines(arguments.json)
    done = {(line["table"], line["way"], line["seed"]) for line in lines if line["budget"] >= arguments.budget}
    tables = {name: load_table(name) for name in arguments.tables}
    for seed in range(arguments.seeds):
        for name, table in tables.items():
            for way in arguments.ways:
                if (name, way, seed) in done:
                    continue
                line = searched(table, way, seed, arguments.budget)
                lines = [one for one in lines if (one["table"], one["way"], one["seed"]) != (name, way, seed)]
                lines.append(line)
                strategy_results.append(arguments.json, line)
                print(f"{name}, {way}, seed {seed}: {line['curve'][-1]:.2%} missing", file=sys.stderr)
    print(markdown(lines))


if __name__ == "__main__":
    main()
