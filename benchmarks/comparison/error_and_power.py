"""Measure error and power of comparisons of networks in simulated experiments.

    PYTHONPATH=. python benchmarks/comparison/error_and_power.py

Each experiment has seven networks and three seeds, and noise of several kinds. With equal networks, 5 % of the
experiments should find a difference. With networks that differ by the smallest detectable gap, 80 % should find it. If
seeds are added until everything is decided, the error counts over all looks at the results.
"""

import argparse
import math

import numpy as np

from rnas.statistics.crossed import compared_variances
from rnas.statistics.sequential import level, next_seeds
from rnas.statistics.tukey import critical_range, detectable, distinguishable
from tests.rnas.experiments.comparison.simulated import right

NETWORKS, SEEDS = 7, 3
NOISE: tuple[dict[str, float], ...] = (
    {},
    {"by_network_and_seed": 0.0},
    {"by_network_and_seed": 0.1},
    {"by_network_and_image": 2.0},
    {"by_seed": 0.3, "by_image": 0.5},
)
SEQUENTIAL: tuple[dict[str, float], ...] = (
    {"by_network_and_seed": 0.3},
    {"by_network_and_seed": 0.05, "by_seed": 0.2},
)


def found(experiment: int, accuracies: list[float], **noise: float) -> tuple[bool, bool, float]:
    """Return whether any networks differ, whether the first and the last do, and the smallest detectable gap."""
    y = right(np.random.default_rng(experiment), accuracies, seeds=SEEDS, **noise)
    variance, means = compared_variances(y)[0, 1], y.mean(axis=(1, 2))
    critical = critical_range(NETWORKS, variance) * math.sqrt(variance.value)
    gap = detectable(NETWORKS, (NETWORKS - 1) * (SEEDS - 1), variance)
    return bool(np.ptp(means) > critical), bool(means[0] - means[-1] > critical), gap


def error_and_power(experiments: int, **noise: float) -> tuple[float, float]:
    """Return the share of wrong differences, and that of gaps of the printed size that are found."""
    wrong = right_ones = 0
    for experiment in range(experiments):
        any_differ, _, gap = found(experiment, [0.5] * NETWORKS, **noise)
        wrong += any_differ
        apart = [0.5 + gap / 2, *[0.5] * (NETWORKS - 2), 0.5 - gap / 2]
        right_ones += found(experiments + experiment, apart, **noise)[1]
    return wrong / experiments, right_ones / experiments


def sequential_error(experiments: int, first: int = 2, most: int = 6, **noise: float) -> float:
    """Return the share of experiments in which equal networks differ at any look."""
    wrong = 0
    for experiment in range(experiments):
        y = right(np.random.default_rng(experiment), [0.5] * NETWORKS, most, 60, **noise)
        seeds = [(first,) * len(y)]
        while (more := next_seeds([y[i, :n] for i, n in enumerate(seeds[-1])], first, most)) != seeds[-1]:
            seeds.append(more)
        looks = ([y[i, :n] for i, n in enumerate(numbers)] for numbers in seeds)
        wrong += any(distinguishable(seen, level(first, most)).any() for seen in looks)
    return wrong / experiments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=1000)
    experiments = parser.parse_args().experiments
    for noise in NOISE:
        error, power = error_and_power(experiments, **noise)
        print(f"error {error:.1%}, power at the printed gap {power:.1%}  {noise or 'usual noise'}", flush=True)
    for noise in SEQUENTIAL:
        print(f"error over all looks {sequential_error(experiments // 2, **noise):.1%}  {noise}", flush=True)


if __name__ == "__main__":
    main()
