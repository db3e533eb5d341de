"""Measure the pace of this machine, the speed of one thread, to compare figures of different machines.

    python benchmarks/machine.py

At pace 1 a thread multiplies float32 matrices of 1024x1024 at 280 GFLOP/s. A plain loop of Python, which needs no
vector instructions, is timed as well, since much of a search is Python.
"""

import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

PACE_ONE = 280.0
"""GFLOP/s of one thread at pace 1."""

SIDE = 1024
ADDITIONS = 5_000_000


def least_seconds(function: Callable[[], object], repetitions: int = 7) -> float:
    """Return the least processor time of several calls, in seconds."""
    found = []
    for _ in range(repetitions):
        started = time.process_time()
        function()
        found.append(time.process_time() - started)
    return min(found)


def gflops() -> float:
    """Return the GFLOP/s of one thread in products of float32 matrices."""
    rng = np.random.default_rng(0)
    left, right = (rng.random((SIDE, SIDE), dtype=np.float32) for _ in range(2))

    def products() -> None:
        for _ in range(10):
            np.matmul(left, right)

    with threadpool_limits(limits=1):
        products()
        return 10 * 2 * SIDE**3 / least_seconds(products) / 1e9


def loop() -> int:
    """Add up the first five million numbers in plain Python."""
    total = 0
    for number in range(ADDITIONS):
        total += number
    return total


def main() -> None:
    rate = gflops()
    print(f"{rate:.0f} GFLOP/s a thread, pace {rate / PACE_ONE:.2f}")
    print(f"{least_seconds(loop):.2f} s for a loop of {ADDITIONS:,} additions in Python")


if __name__ == "__main__":
    main()
