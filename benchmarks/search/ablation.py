"""Change one ingredient of the default strategy at a time, with paired seeds on several tables.

    python benchmarks/search/ablation.py --tables nas-robbench digits-bench --seeds 4 --json ablation.jsonl

Each search is one line of the results, and lines that exist are skipped. What is printed has, for each change and
table, the ratio of the missing hypervolume to that of the default: the geometric mean over seeds and over 30, 50, 75,
100 and 120 evaluations, with a 95 % interval over seeds, and their number. Searches of the default are those of
strategies.py, unless the results have their own. Without --tables, it only shows the results.
"""

import argparse
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import strategy_results
from benchmark_table import BenchmarkTable, load_table
from measures import curves, measured
from one_search import Conditions, search, strategy_of
from strategies import results_file
from strategy_summary import RESOLUTION, ratio

from rnas._typing import Floats, Integers
from rnas.nas.predictors import gaussian_process
from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.strategies import _initial_design, surrogate
from rnas.nas.strategies._candidates import fresh, listed, sample_fresh
from rnas.nas.strategies._error_scale import LogDistance
from rnas.nas.strategy import Problem

CONDITIONS = Conditions(budget=120)
_AT = (30, 50, 75, 100, 120)


class Unchanged(LogDistance):
    """The error itself, in place of a logarithm."""

    def __init__(self, sample: Floats) -> None:
        """Store the sample as its scores."""
        self.scores = sample

    def values(self, scores: Floats) -> Floats:
        """Return the scores."""
        return scores


def uniform(problem: Problem, n: int, strata: int, tried: Integers, rng: np.random.Generator) -> Integers:
    """Draw uniform genomes of a space that can be enumerated."""
    everything = listed(problem)
    assert everything is not None
    return fresh(problem, rng.permutation(everything), {genome.tobytes() for genome in tried})[:n]


def even(problem: Problem, n: int, strata: int, tried: Integers, rng: np.random.Generator) -> Integers:
    """Spread genomes evenly over log FLOPs."""
    return sample_fresh(problem, n, {genome.tobytes() for genome in tried}, rng)


class Quiet(GaussianProcess):
    """Predict the function, without the noise of a new result."""

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation (n,) of the function."""
        mean, std = super().predict(features)
        if self._constant is not None:
            return mean, std
        noise = self._unit**2 * self._variance * self._noise
        return mean, np.sqrt(np.maximum(std**2 - noise, (1e-3 * self._unit) ** 2))


@dataclass(frozen=True)
class Change:
    """A change of the default.

    Attributes:
        spec: strategy with options.
        patches: names of modules' attributes, with module and value.
    """

    spec: str = "surrogate-nsga2"
    patches: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


CHANGES = {
    "default": Change(),
    "all inputs equally relevant": Change(patches={"_RELEVANCE_SPREAD": (gaussian_process, 1e-3)}),
    "costs are no inputs": Change(patches={"COSTS": (surrogate, ())}),
    "error not transformed": Change(patches={"LogDistance": (surrogate, Unchanged)}),
    "improvement of the function, without noise": Change(patches={"GaussianProcess": (gaussian_process, Quiet)}),
    "no exploration": Change("surrogate-nsga2:exploration=0"),
    "initial networks uniform": Change(patches={"initial_design": (_initial_design, uniform)}),
    "initial networks even over log FLOPs": Change(patches={"initial_design": (_initial_design, even)}),
    "8 initial networks": Change("surrogate-nsga2:initial=8"),
    "20 initial networks": Change("surrogate-nsga2:initial=20"),
    "support vectors": Change("surrogate-nsga2:predictor=support-vector"),
}


def searched(table: BenchmarkTable, name: str, seed: int) -> dict[str, Any]:
    """Search with a change, and return the line of its results."""
    change = CHANGES[name]
    with ExitStack() as patched:
        for attribute, (module, value) in change.patches.items():
            patched.enter_context(patch.object(module, attribute, value))
        found = search(table, strategy_of(change.spec, table.problem, noise=False), seed, CONDITIONS)
    line = {"table": table.name, "table_hash": table.hash, "strategy": name, "seed": seed, **asdict(CONDITIONS)}
    return {**line, **measured(table, found, seed, CONDITIONS)}


def with_default(lines: list[strategy_results.Line]) -> list[strategy_results.Line]:
    """Add the searches of the default that strategies.py has made, for tables of which the lines have none."""
    own = {line["table"] for line in lines if line["strategy"] == "default"}
    wanted = dict.fromkeys((line["table"], line["table_hash"]) for line in lines if line["table"] not in own)
    found = [
        {**line, "strategy": "default"}
        for table, table_hash in wanted
        for line in strategy_results.lines(results_file(table))
        if (line["table"], line["table_hash"], line["strategy"]) == (table, table_hash, "surrogate-nsga2")
        and line["budget"] >= CONDITIONS.budget
        and replace(strategy_results.conditions_of(line), budget=CONDITIONS.budget) == CONDITIONS
    ]
    return lines + found


def markdown(lines: list[strategy_results.Line]) -> str:
    """Return the ratios as a Markdown table with a row for each change."""
    tables = sorted({line["table"] for line in lines})
    missing: dict[tuple[str, str, int], Floats] = {}
    for line in lines:
        at = [n - 1 for n in _AT]
        missing[line["strategy"], line["table"], line["seed"]] = curves([line], CONDITIONS.budget)[0][0, at]
    rows = [f"| change | {' | '.join(tables)} | all |", f"|---|{'---|' * (len(tables) + 1)}"]
    for name in dict.fromkeys(line["strategy"] for line in lines if line["strategy"] != "default"):
        every: list[float] = []
        cells = []
        for table in tables:
            pairs = [
                (values, missing["default", table, seed])
                for (change, where, seed), values in missing.items()
                if (change, where) == (name, table) and ("default", table, seed) in missing
            ]
            logs = [float(np.log((own + RESOLUTION) / (base + RESOLUTION)).mean()) for own, base in pairs]
            every += logs
            cells.append(ratio(logs))
        rows.append(f"| {name} | {' | '.join(cells)} | {ratio(every)} |")
    return "\n".join(rows)


def main() -> None:
    """Search what is missing and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="*", default=[], help="tables, as in strategies.py")
    parser.add_argument("--changes", nargs="*", default=list(CHANGES)[1:], choices=CHANGES)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    arguments = parser.parse_args()
    lines = strategy_results.lines(arguments.json)
    done = {(line["table"], line["strategy"], line["seed"]) for line in lines}
    tables = {name: load_table(name) for name in arguments.tables}
    for seed in range(arguments.seeds):
        for name, table in tables.items():
            for change in arguments.changes:
                if (name, change, seed) not in done:
                    lines.append(searched(table, change, seed))
                    strategy_results.append(arguments.json, lines[-1])
                    print(f"{name}, {change}, seed {seed}", file=sys.stderr)
    print(markdown(with_default(lines)))


if __name__ == "__main__":
    main()
