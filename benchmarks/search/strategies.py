"""Measure how many evaluations the strategies need, on tables in which every result is known.

    python benchmarks/search/strategies.py --table nas-robbench --strategies random nsga2 surrogate-nsga2 \\
        --json results.jsonl --figure results.png --summary README.md

NAS-RobBench-201 (Wu et al., ICLR 2024) has 6,466 adversarially trained cells; PGD accuracy at 8/255 is maximised and
FLOPs are minimised, and nas-robbench:clean maximises another column. It is not part of the project: give its file with
--file, or its folder in RNAS_TEST_DATA. digits-bench is part of the package; the mean robust accuracy of two seeds is
maximised and FLOPs are minimised. The planted tables have an accuracy of known shape.

Hypervolume and IGD+ are measured with error from chance to the best accuracy and costs over the table's range, all
scaled to [0, 1], below the reference point (1, 1.01), against the table's true front. Each search is one line of the
results; the command may be stopped and started again, and then skips existing lines.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import noise_predictor
import plain_process
import strategy_figure
import strategy_results
import strategy_summary
from benchmark_table import NAMES, BenchmarkTable, load_table
from measures import measured
from one_search import Conditions, search, strategy_of

from rnas.errors import InputError
from rnas.utils.provenance import versions


def results_file(table: str) -> Path:
    """Return the file of a table's results, whatever its columns."""
    return Path(__file__).with_name(f"{table.partition(':')[0].replace('-', '_')}.jsonl")


def compare(
    table: BenchmarkTable,
    specs: Iterable[str],
    seeds: Iterable[int],
    conditions: Conditions,
    results: Path,
    until: float = math.inf,
) -> None:
    """Search with every strategy and seed that is missing in the results.

    What is proposed does not depend on the budget, so that a search with a larger budget is not repeated. No search
    starts after ``until``, in seconds of :func:`time.monotonic`.
    """
    done = {
        (line["strategy"], line["seed"])
        for line in strategy_results.read(results, table)
        if line["budget"] >= conditions.budget
        and strategy_results.conditions_of({**line, "budget": conditions.budget}) == conditions
    }
    for spec in specs:
        for seed in seeds:
            if (spec, seed) in done or time.monotonic() >= until:
                continue
            strategy = strategy_of(spec, table.problem, noise=conditions.noise_predictor)
            found = search(table, strategy, seed, conditions)
            line = {"table": table.name, "table_hash": table.hash, "strategy": spec, "seed": seed, **asdict(conditions)}
            line |= {**measured(table, found, seed, conditions), "versions": versions()}
            strategy_results.append(results, line)
            missing = line["curve"][-1][1]
            print(f"{spec}, seed {seed}: {missing:.2%} missing, {line['cpu_seconds']} CPU s", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True, metavar="NAME[:COLUMN+...]", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--file", type=Path, help="file of NAS-RobBench-201")
    parser.add_argument(
        "--strategies",
        nargs="*",
        default=["random", "nsga2", "surrogate-nsga2"],
        metavar="NAME[:KEY=VALUE,...]",
        help="strategies; without names, only show the existing results",
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=int, default=300, help="evaluations of a search")
    parser.add_argument("--batch", type=int, default=5, help="proposals made at once")
    parser.add_argument(
        "--failing", type=float, default=0.0, metavar="P", help="share of the networks whose evaluation fails"
    )
    parser.add_argument("--noise", type=float, default=0.0, help="standard deviation of the accuracies that are seen")
    parser.add_argument("--noise-predictor", action="store_true", help="surrogates predict noise")
    parser.add_argument("--pending", type=int, default=0, help="proposals without a result while a batch is proposed")
    parser.add_argument("--json", type=Path, help="results, one line each [default: NAME.jsonl next to this file]")
    parser.add_argument("--figure", type=Path, help="draw the searches under these conditions here")
    parser.add_argument("--summary", type=Path, help="write the tables between the markers of this Markdown file")
    arguments = parser.parse_args()
    if arguments.table.partition(":")[0] not in NAMES:
        parser.error(f"--table {arguments.table} is none of {', '.join(NAMES)}")
    if not 0 <= arguments.failing < 1 or min(arguments.budget, arguments.batch, arguments.seeds) < 1:
        parser.error("--failing is from 0 to below 1; --budget, --batch and --seeds are at least 1")
    results = arguments.json or results_file(arguments.table)
    conditions = Conditions(**{name: getattr(arguments, name) for name in asdict(Conditions())})
    noise_predictor.register()
    plain_process.register()
    try:
        table = load_table(arguments.table, arguments.file)
        compare(table, arguments.strategies, range(arguments.seeds), conditions, results)
        lines = strategy_results.read(results, table)
        print(strategy_summary.markdown(table, lines))
        if arguments.summary is not None:
            strategy_summary.write(arguments.summary, table.name, strategy_summary.markdown(table, lines))
        if arguments.figure is not None:
            strategy_figure.draw(arguments.figure, table, lines, conditions)
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
