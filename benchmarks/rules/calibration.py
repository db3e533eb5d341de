"""Measure how far the estimate of rules can be trusted, by simulating known truths.

    python benchmarks/rules/calibration.py --workers 2 --summary benchmarks/rules/README.md

Each simulation is one line of JSON. The command may be stopped and started again, and then skips existing lines. With
--seeds 0 it only shows the existing results.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import calibration_summary
from synthetic import BATCH, DESIGNS, EFFECT, NETWORKS, NOISE, TRUTHS, GroundTruth, designed
from threadpoolctl import threadpool_limits

from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.estimate import design_of, families_of
from rnas.statistics.interval import Interval
from rnas.utils.files import write_text
from rnas.utils.provenance import versions

Line = dict[str, Any]
Simulation = tuple[str, GroundTruth, int]

_CONDITIONS = {"networks": NETWORKS, "effect": EFFECT, "noise": NOISE, "batch": BATCH}
_RESULTS = Path(__file__).with_name("calibration.jsonl")


def simulate(simulation: Simulation) -> Line:
    """Evaluate networks with a known truth, and estimate the rule from them."""
    design, truth, seed = simulation
    started = time.process_time()
    with threadpool_limits(limits=1):
        families = families_of(design_of(designed(design, truth, seed), Rule(), seed), seed)
    return {
        "design": design,
        **asdict(truth),
        "seed": seed,
        **_CONDITIONS,
        "verdicts": {family.name: family.verdict.name for family in families},
        "claims": sum(family.verdict.claims for family in families),
        "intervals": {
            quantity.name: _rounded(quantity.optimum) for family in families for quantity in family.quantities
        },
        "cpu_seconds": round(time.process_time() - started, 2),
        "versions": versions(),
    }


def _rounded(interval: Interval) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(interval).items()}


def read(file: Path) -> list[Line]:
    """Read the lines of the same conditions, without a last line that a kill cut short."""
    lines = []
    for text in file.read_text().splitlines() if file.exists() else []:
        try:
            line: Line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if {name: line.get(name) for name in _CONDITIONS} == _CONDITIONS:
            lines.append(line)
    return lines


def append(file: Path, line: Line) -> None:
    """Append a line, on a new line even after one that was cut short."""
    with file.open("a+b") as stream:
        if stream.tell() > 0:
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        stream.write(f"{json.dumps(line)}\n".encode())


def missing(lines: Iterable[Line], designs: Iterable[str], seeds: int) -> list[Simulation]:
    """Return the simulations that are missing in the results, seed by seed."""
    done = {(line["design"], GroundTruth(line["ratio"], line["form"]), line["seed"]) for line in lines}
    wanted = ((design, truth, seed) for seed, design, truth in product(range(seeds), designs, TRUTHS))
    return [simulation for simulation in wanted if simulation not in done]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--designs", nargs="+", choices=DESIGNS, default=DESIGNS)
    parser.add_argument("--seeds", type=int, default=100, help="simulations of each truth on each design")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, default=_RESULTS, help="results [default: calibration.jsonl here]")
    parser.add_argument("--summary", type=Path, help="write the tables between the markers of this Markdown file")
    arguments = parser.parse_args()
    if arguments.seeds < 0 or arguments.workers < 1:
        parser.error("--seeds is at least 0, --workers at least 1")
    simulations = missing(read(arguments.json), arguments.designs, arguments.seeds)
    with ProcessPoolExecutor(arguments.workers, get_context("spawn")) as pool:
        try:
            for number, future in enumerate(as_completed([pool.submit(simulate, one) for one in simulations]), 1):
                line = future.result()
                append(arguments.json, line)
                named = f"{line['design']}, {line['ratio']} {line['form']}".strip()
                told = f"{named}, seed {line['seed']}: {line['cpu_seconds']} CPU s"
                print(f"{number}/{len(simulations)}  {told}", file=sys.stderr)
        finally:
            pool.shutdown(cancel_futures=True)
    tables = calibration_summary.markdown(read(arguments.json))
    print(tables)
    if arguments.summary is not None:
        write_text(arguments.summary, calibration_summary.replaced(arguments.summary.read_text(), tables))


if __name__ == "__main__":
    main()
