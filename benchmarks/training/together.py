"""Measure the throughput of several small trainings on one device at once, each in its own process."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Any

from networks import NETWORKS
from timed_process import FailedError, Subject, TimedProcess, Variant

COUNTS = {"cpu": (1, 2), "cuda": (1, 2, 4, 8)}
_STEPS = {"cpu": 4, "cuda": 64}
_REPETITIONS = 2


def together(
    name: str,
    device: str,
    batch: int,
    variant: Variant,
    counts: Sequence[int] | None = None,
    steps: int | None = None,
) -> list[dict[str, Any]]:
    """Return the images a second of one, two and more SAT trainings together; on a CPU each has one thread."""
    kind = "cuda" if device.startswith("cuda") else "cpu"
    steps = steps or _STEPS[kind]
    rows: list[dict[str, Any]] = []
    for count in counts or COUNTS[kind]:
        row = {"network": name, "variant": variant.name, "recipe": "sat-10", "batch": batch, "trainings": count}
        try:
            with ExitStack() as stack:
                subject = Subject(NETWORKS[name], variant, batch, device)
                processes = [stack.enter_context(closing(TimedProcess(subject))) for _ in range(count)]
                for process in processes:
                    process.ask("sat-10", steps)
                for process in processes:
                    process.result()
                wall = min(_together(processes) for _ in range(_REPETITIONS))
        except FailedError as error:
            rows.append(row | {"failed": str(error)})
            continue
        rate = count * steps * batch / wall
        rows.append(row | {"images_per_second": rate, "speedup": rate / rows[0]["images_per_second"] if rows else 1.0})
    return rows


def _together(processes: list[TimedProcess]) -> float:
    started = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.result()
    return time.perf_counter() - started


def table(rows: list[dict[str, Any]]) -> str:
    """Format rows for people."""
    lines = [f"\n{'at once':26}{'images/s':>10}{'speed-up':>10}"]
    for row in rows:
        label = f"{row['trainings']} x {row['network']}"
        lines.append(
            f"{label:26}{row['images_per_second']:10.1f}{row['speedup']:10.2f}"
            if "failed" not in row
            else f"{label:26}  {row['failed']}"
        )
    return "\n".join(lines)
