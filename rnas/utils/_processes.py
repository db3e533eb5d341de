"""Start worker processes, and call a function in several of them, of which any may be killed."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import TypeVar

from rnas.errors import InputError

ATTEMPTS = 2
"""A worker's death costs what it computed one attempt; the second is its failure."""

T = TypeVar("T")
R = TypeVar("R")


def worker_context(*modules: str) -> ForkServerContext | SpawnContext:
    """Return how worker processes are started.

    A forked child of a process with threads, or with a GPU, may hang. So on Linux workers are forked from a server
    process, which has only imported what they need. It is started with the first worker, and has the environment of
    that moment; see :func:`begin_worker`. Elsewhere each worker is spawned.

    Args:
        *modules: what the server imports if it has not been started yet.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context


def begin_worker(environment: Mapping[str, str]) -> None:
    """Give a worker process its driver's environment variables, and let it ignore Ctrl-C, which the driver handles."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)


def in_processes(function: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[R]:
    """Yield the result of each item in order, as results come. What a killed process lost is computed again.

    Args:
        function: is picklable, and gives equal results for equal items.
        items: are picklable.
        workers: number of processes, at least one.

    Raises:
        InputError: processes ended twice without a result in between.
    """
    module = getattr(function, "func", function).__module__
    done = deaths = 0
    while done < len(items):
        pool = ProcessPoolExecutor(workers, worker_context(module), begin_worker, (dict(os.environ),))
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
