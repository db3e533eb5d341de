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
_MODEL_FREE = ("local-search", "nsga2", "random")
_MAIN = (_DEFAULT, "plain-process", *_MODEL_FREE)
_PEERS = ("bananas", "nsganetv2", "optuna:sampler=tpe", "botorch", "smac")
_CELLS = ("nas-robbench-imagenet16", "nas-robbench")
_MAIN_TABLES = (*_CELLS, "digits-bench")
_COLUMNS = tuple(f"{table}:{column}" for column in ("clean", "pgd_3", "fgsm_8") for table in _CELLS)
_SEVERAL = tuple(f"{table}:{columns}" for columns in ("pgd_8+clean", "pgd_8+clean+params") for table in _CELLS)
_PLANTED = ("planted-grid", "planted-cells")


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
    Part(_MAIN, _MAIN_TABLES, 8),
    Part((_DEFAULT,), _CELLS, 6, Conditions(budget=150, failing=0.2)),
    Part((_DEFAULT,), _CELLS, 6, Conditions(budget=150, noise_predictor=True)),
    Part((_DEFAULT, *_MODEL_FREE), _MAIN_TABLES, 20),
    Part(("plain-process",), _MAIN_TABLES, 20, Conditions(budget=150)),
    *(Part((_DEFAULT, "nsga2"), _CELLS, 5, Conditions(budget=150, batch=batch)) for batch in (10, 32, 100)),
    Part(("bananas",), _CELLS, 5, Conditions(budget=150)),
    Part(_MAIN, _COLUMNS, 5, Conditions(budget=150)),
    Part(("nsganetv2", "optuna:sampler=tpe"), _CELLS, 3, Conditions(budget=150)),
    Part((_DEFAULT, *_MODEL_FREE), _SEVERAL, 3, Conditions(budget=150)),
    Part(_MAIN, _PLANTED, 5, Conditions(budget=150)),
    Part((_DEFAULT, *_MODEL_FREE), ("planted-robust-resnet",), 5, Conditions(budget=100)),
    Part((_DEFAULT,), _CELLS, 5, Conditions(budget=150, batch=1)),
    Part((_DEFAULT,), _CELLS, 5, Conditions(budget=150, batch=1, pending=7)),
    Part(("botorch", "smac"), _CELLS, 5, Conditions(budget=75)),
    Part(_MAIN, _MAIN_TABLES, 20),
    Part(_MAIN, ("digits-bench",), 20, Conditions(budget=150, noise=0.03)),
    Part(_MAIN, (*_COLUMNS, *_PLANTED), 20),
    Part((_DEFAULT, *_MODEL_FREE), ("planted-robust-resnet",), 20, Conditions(budget=100)),
    Part(_PEERS, _MAIN_TABLES, 20, Conditions(budget=150)),
    Part((_DEFAULT, *_MODEL_FREE), _SEVERAL, 20, Conditions(budget=150)),
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
        searches: dict[str, list[strategy_results.Line]] = {}
        for name in dict.fromkeys(table for part in PLAN for table in part.tables):
            if all(line["table"] != name for line in strategy_results.lines(results_file(name))):
                continue
            table = tables[name] if name in tables else load_table(name)
            searches[name] = strategy_results.read(results_file(name), table)
            strategy_summary.write(arguments.summary, name, strategy_summary.markdown(table, searches[name]))
        strategy_summary.write(arguments.summary, "overview", strategy_summary.overview(searches))


if __name__ == "__main__":
    main()
