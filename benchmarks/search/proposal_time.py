"""Measure the processor time in which the default strategy proposes a batch, with many results.

    python benchmarks/search/proposal_time.py --records 100 1000 10000

Records are uniform networks with the planted results of a space: a grid of 15,625 networks that is enumerated, and a
large space with 17 variables. Each number is the CPU time of one batch on one thread, without that of a first one, in
which modules are imported.
"""

import argparse
import time

import numpy as np
from one_search import strategy_of
from planted_table import planted
from threadpoolctl import threadpool_limits

from rnas.nas.strategy import View

_SPACES = ("planted-grid", "planted-robust-resnet")
_FIRST = 20


def seconds(name: str, records: int, batch: int) -> float:
    """Return the CPU seconds of proposing a batch after a number of records in the space of a planted table."""
    problem, accuracy, landscape = planted(name)
    rng = np.random.default_rng(0)
    genomes = problem.space.enumeration
    if genomes is None:
        genomes = problem.space.repair(problem.space.uniform(records + records // 4, rng), rng)
    genomes = rng.permutation(np.unique(genomes, axis=0))[:records]
    known = problem.known(genomes)
    columns = {**known, accuracy: landscape(genomes, known["flops"])}
    metrics = {o.metric: columns[o.metric] for o in problem.objectives}
    few, many = (
        View(genomes[:n], {name: values[:n] for name, values in metrics.items()}, np.zeros(n, dtype=bool), genomes[:0])
        for n in (_FIRST, len(genomes))
    )
    strategy = strategy_of("surrogate-nsga2", problem, noise=False)
    with threadpool_limits(limits=1):
        strategy.propose(1, few, rng)
        started = time.process_time()
        strategy.propose(batch, many, rng)
        return time.process_time() - started


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", nargs="+", type=int, default=(100, 1000, 10000))
    parser.add_argument("--batch", type=int, default=10)
    arguments = parser.parse_args()
    print(f"| space | {' | '.join(f'{n:,} records' for n in arguments.records)} |")
    print(f"|---|{'---:|' * len(arguments.records)}")
    for name in _SPACES:
        times = [seconds(name, n, arguments.batch) for n in arguments.records]
        print(f"| {name} | {' | '.join(f'{t:.1f}' for t in times)} |", flush=True)


if __name__ == "__main__":
    main()
