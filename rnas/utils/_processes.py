"""Call a function in several processes, of which any may be killed."""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from rnas.errors import InputError

ATTEMPTS = 2
"""A worker's death costs what it computed one attempt; the second is its failure."""

T = TypeVar("T")
R = TypeVar("R")


def in_processes(function: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[R]:
    """Yield the result of each item in order, as results come. What a killed process lost is computed again.

    Args:
        function: is picklable, and gives equal results for equal items.
        items: are picklable.
        workers: number of processes, at least one.

    Raises:
        InputError: processes ended twice without a result in between.
    """
    done = deaths = 0
    while done < len(items):
        # Processes are spawned, since a forked child of a process with threads may hang.
        pool = ProcessPoolExecutor(workers, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))
        try:
            for result in pool.map(function, items[done:]):
                done, deaths = done + 1, 0
                yield result
        except BrokenProcessPool:
            deaths += 1
            if deaths == ATTEMPTS:
                raise InputError(
                    f"workers: processes were killed {ATTEMPTS} times, by the system for want of memory, or because a "
                    'script has its call outside of if __name__ == "__main__":; give workers=1 to do without them'
                ) from None
        finally:
            pool.shutdown(cancel_futures=True)
