"""Time trainings that take turns."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from networks import CLASSES
from recipes import RECIPES, passes
from timed_process import FailedError, Run, Subject, TimedProcess, Variant

CIFAR10_IMAGES = 50_000
_MOST_STEPS = 32


@dataclass(frozen=True)
class Settings:
    """Settings of the measurement.

    Attributes:
        repetitions: number of turns of each training.
        seconds: least duration of a turn, in seconds; a turn has 1 to 32 steps.
        peaks: largest number of floating point operations a second of the device, by precision.
    """

    repetitions: int
    seconds: float
    peaks: dict[str, float]


def compare(
    name: str, subject: Subject, variants: dict[str, Sequence[Variant]], settings: Settings
) -> list[dict[str, Any]]:
    """Return one row for each recipe and variant.

    Args:
        name: name of the network.
        subject: the training; its variant is the reference, and comes first.
        variants: other variants, by recipe.
        settings: settings of the measurement.
    """
    distinct = {variant.name: variant for listed in variants.values() for variant in listed}
    rows = []
    with ExitStack() as stack:
        processes = {
            variant: stack.enter_context(closing(TimedProcess(replace(subject, variant=variant))))
            for variant in dict.fromkeys((subject.variant, *distinct.values()))
        }
        for recipe, listed in variants.items():
            steps = _steps(processes[subject.variant], recipe, subject, settings)
            runs: dict[Variant, list[Run]] = {variant: [] for variant in dict.fromkeys((subject.variant, *listed))}
            failed = _prepare(processes, list(runs), recipe, steps)
            for _ in range(settings.repetitions):
                for variant in runs:
                    if variant not in failed:
                        runs[variant].append(processes[variant].run())
            rows += [
                _row(name, replace(subject, variant=variant), recipe, steps, runs, settings)
                if variant not in failed
                else {"network": name, "recipe": recipe, "variant": variant.name, "failed": failed[variant]}
                for variant in runs
            ]
    return rows


def _prepare(
    processes: dict[Variant, TimedProcess], variants: Sequence[Variant], recipe: str, steps: int
) -> dict[Variant, str]:
    """Prepare the variants; return reasons why some cannot be timed, such as too little memory."""
    failed = {}
    for variant in variants:
        try:
            processes[variant].prepare(recipe, steps)
        except FailedError as error:
            failed[variant] = str(error)
    return failed


def _steps(process: TimedProcess, recipe: str, subject: Subject, settings: Settings) -> int:
    process.prepare(recipe, 1)
    return max(1, min(_MOST_STEPS, round(settings.seconds / seconds(subject, process.run()))))


def seconds(subject: Subject, run: Run) -> float:
    """Return processor seconds for a CPU with one thread, which other programs hardly change, else wall seconds."""
    alone = subject.device == "cpu" and subject.threads == 1
    return run.processor_seconds if alone else run.seconds


def _row(
    name: str, subject: Subject, recipe: str, steps: int, runs: dict[Variant, list[Run]], settings: Settings
) -> dict[str, Any]:
    variant = subject.variant
    own, others = ([seconds(subject, run) / steps for run in runs[v]] for v in (variant, next(iter(runs))))
    ratios = [other / one for one, other in zip(own, others, strict=True)]
    cost = subject.network.cost(subject.shape, CLASSES)
    per_image = min(own) / subject.batch
    operations = 2 * cost.flops * passes(RECIPES[recipe], subject.attack_steps)
    precision = _precision(variant, subject.device)
    return {
        "network": name,
        "flops": cost.flops,
        "params": cost.params,
        "recipe": recipe,
        "attack_steps": subject.attack_steps,
        "batch": subject.batch,
        "variant": variant.name,
        "loop": variant.loop,
        "numerics": variant.numerics.model_dump() if variant.loop == "rnas" else None,
        "steps_timed": steps * len(own),
        "seconds_per_step": {"median": median(own), "least": min(own)},
        "wall_seconds_per_step": min(run.seconds for run in runs[variant]) / steps,
        "images_per_second": 1 / per_image,
        "extrapolated_epoch_seconds": per_image * CIFAR10_IMAGES,
        "share_of_peak": operations / per_image / settings.peaks[precision],
        "precision_of_peak": precision,
        "peak_bytes": max(run.peak_bytes for run in runs[variant]),
        "speedup": {
            "median": median(ratios),
            "least": min(ratios),
            "greatest": max(ratios),
            "of_least_times": min(others) / min(own),
        },
    }


def _precision(variant: Variant, device: str) -> str:
    if variant.loop == "rnas" and variant.numerics.precision == "bfloat16":
        return "bfloat16"
    return "tf32" if variant.numerics.tf32 and device != "cpu" else "float32"


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Format rows for people; rows of one network and recipe are together."""
    header = (
        f"{'':26}{'ms/step':>10}{'images/s':>10}{'epoch':>9}{'peak':>6}{'memory':>9}{'speed-up':>10}"
        f"{'least to most':>17}{'of least times':>16}"
    )
    lines = []
    previous = None
    for row in rows:
        group = (row["network"], row["recipe"], row.get("batch"))
        if group != previous and "failed" not in row:
            lines.append(f"\n{row['network']}, {row['flops'] / 1e6:.0f} MFLOPs, {row['recipe']}, batch {row['batch']}")
            lines.append(header)
            previous = group
        if "failed" in row:
            lines.append(f"  {row['variant']:24}  {row['failed']}")
            continue
        speedup = row["speedup"]
        spread = f"{speedup['least']:.2f} to {speedup['greatest']:.2f}"
        lines.append(
            f"  {row['variant']:24}{row['seconds_per_step']['median'] * 1e3:10.1f}{row['images_per_second']:10.1f}"
            f"{_duration(row['extrapolated_epoch_seconds']):>9}{row['share_of_peak']:6.0%}"
            f"{row['peak_bytes'] / 2**20:6.0f} MB{speedup['median']:10.2f}{spread:>17}{speedup['of_least_times']:16.2f}"
        )
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.0f} h"
