"""Run the searches of the tables in README.md that are missing, most valuable first, until the time is used.

    python benchmarks/search/evidence.py --minutes 60
    python benchmarks/search/evidence.py --minutes 0 --summary benchmarks/search/README.md

Each search is one line of the table's results, and lines that exist are skipped, so that the next call goes on where
this one ended. All strategies of a part search with one seed before any searches with the next, so that seeds are
paired whenever it ends. Results of a default that has changed since have to be removed by hand.
"""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import noise_predictor
import plain_process
import strategy_results
import strategy_summary
from benchmark_table import BenchmarkTable, load_table
from one_search import Conditions
from strategies import compare, results_file

_DEFAULT = "surrogate-nsga2"
_MAIN = (_DEFAULT, "plain-process", "local-search", "nsga2", "random")
_PEERS = ("optuna:sampler=tpe", "nsganetv2", "bananas", "botorch", "smac")
_TABLES = ("nas-robbench-imagenet16", "nas-robbench", "digits-bench")


@dataclass(frozen=True)
class Part:
    """Searches of each strategy on each table.

    Attributes:
        strategies: strategies, in order.
        tables: tables, in order.
        seeds: number of seeds.
        conditions: conditions of the searches.
    """

    strategies: tuple[str, ...]
    tables: tuple[str, ...]
    seeds: int
    conditions: Conditions = field(default_factory=Conditions)


PLAN = (
    Part(_MAIN, _TABLES, 20, Conditions(budget=150)),
    Part(_MAIN, ("digits-bench",), 20, Conditions(budget=150, noise=0.03)),
    Part(_MAIN, _TABLES, 20),
    Part((_DEFAULT, "nsga2", "random"), ("planted-robust-resnet",), 6, Conditions(budget=100)),
    Part(_PEERS, _TABLES, 3, Conditions(budget=150)),
    Part(_MAIN, ("nas-robbench", "nas-robbench-imagenet16"), 6, Conditions(budget=150, failing=0.2)),
    Part(_MAIN, ("nas-robbench", "nas-robbench-imagenet16"), 6, Conditions(budget=150, batch=1)),
    Part(_MAIN, ("nas-robbench", "nas-robbench-imagenet16"), 6, Conditions(budget=300, batch=100)),
    Part(_MAIN, ("nas-robbench", "nas-robbench-imagenet16"), 6, Conditions(budget=150, batch=1, pending=7)),
    Part((_DEFAULT,), ("nas-robbench", "nas-robbench-imagenet16"), 6, Conditions(budget=150, noise_predictor=True)),
    Part(
        (_DEFAULT, "local-search", "nsga2", "random"),
        ("nas-robbench:pgd_8+clean", "nas-robbench-imagenet16:pgd_8+clean"),
        6,
        Conditions(budget=150),
    ),
    Part(_PEERS, _TABLES, 10, Conditions(budget=150)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, required=True, help="start no search after this many minutes")
    parser.add_argument("--summary", type=Path, help="write all tables between the markers of this Markdown file")
    arguments = parser.parse_args()
    noise_predictor.register()
    plain_process.register()
    ends = time.monotonic() + 60 * arguments.minutes
    tables: dict[str, BenchmarkTable] = {}
    in_order = ((part, seed, name) for part in PLAN for seed in range(part.seeds) for name in part.tables)
    for part, seed, name in in_order:
        if time.monotonic() >= ends:
            break
        if name not in tables:
            tables[name] = load_table(name)
        compare(tables[name], part.strategies, [seed], part.conditions, results_file(name), ends)
    if arguments.summary is not None:
        for name in dict.fromkeys(table for part in PLAN for table in part.tables):
            table = tables[name] if name in tables else load_table(name)
            lines = strategy_results.read(results_file(name), table)
            if lines:
                strategy_summary.write(arguments.summary, table, lines)


if __name__ == "__main__":
    main()
