"""Compare the speed of adversarial training with the papers' plain loop, on the same machine in the same run.

    python benchmarks/training/throughput.py --json benchmarks/training/cpu.json
    python benchmarks/training/throughput.py --device cuda --json benchmarks/training/cuda.json

Every training has its own process, and compared trainings take turns. A speed-up is the time of the plain loop (see
plain_loop.py) divided by that of a training, turn by turn; the plain loop against itself shows the noise of the
machine. On a CPU with one thread the times are processor times. Epochs are extrapolated from single steps to CIFAR-10's
50,000 images; on a CPU the large networks have tiny batches. A share of the peak is relative to the fastest product of
large matrices in the same precision. Images and labels are random numbers.
"""

import argparse
import datetime
import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import accuracy
import comparison
import scaling
import together
import torch
from comparison import Settings, compare
from networks import CANDIDATES, NETWORKS
from peak import peak
from recipes import RECIPES
from timed_process import FailedError, Subject, Variant
from variants import PLAIN, best, chosen, switches, whose_accuracy_counts

from rnas.utils.provenance import device_name, versions

PARTS = ("throughput", "scaling", "together", "accuracy")
PRECISIONS = {"cpu": ("float32", "bfloat16"), "cuda": ("float32", "tf32", "bfloat16")}
DEFAULTS: dict[str, dict[str, Any]] = {
    "cpu": {
        "batch": 32,
        "large_batch": 2,
        "large_recipes": ("trades-10", "fgsm-rs"),
        "repetitions": 4,
        "seconds": 0.2,
        "seeds": 5,
    },
    "cuda": {
        "batch": 128,
        "large_batch": 128,
        "large_recipes": tuple(RECIPES),
        "repetitions": 5,
        "seconds": 0.2,
        "seeds": 5,
    },
}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="of torch, on a CPU")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--networks", nargs="+", choices=tuple(NETWORKS), default=tuple(NETWORKS))
    parser.add_argument("--recipes", nargs="+", choices=tuple(RECIPES), default=tuple(RECIPES))
    parser.add_argument("--large-recipes", nargs="+", choices=tuple(RECIPES), help="for networks of 5 GFLOPs")
    parser.add_argument(
        "--switches",
        nargs="*",
        choices=tuple(NETWORKS),
        default=("basic", "robust-res-block"),
        help="networks for which each switch of speed is timed on its own, under the first recipe",
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile is one of those switches")
    parser.add_argument("--batch", type=int, help="images of a step")
    parser.add_argument("--large-batch", type=int, help="the same for networks of 5 GFLOPs")
    parser.add_argument("--repetitions", type=int, help="turns of each training")
    parser.add_argument("--seconds", type=float, help="least length of a turn, as the plain loop has it")
    parser.add_argument("--seeds", type=int, help="trainings behind a robust accuracy")
    parser.add_argument("--data", default="digits", help="data set of the robust accuracies")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path, help="write all results here")
    arguments = parser.parse_args()
    for name, value in DEFAULTS[kind(arguments.device)].items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    return arguments


def kind(device: str) -> str:
    return "cuda" if device.startswith("cuda") else "cpu"


def peaks(device: str) -> dict[str, float]:
    return {precision: peak(torch.device(device), precision) for precision in PRECISIONS[kind(device)]}


def throughput(arguments: argparse.Namespace, settings: Settings) -> list[dict[str, Any]]:
    """Return the rows of all requested networks; large ones get half as many turns."""
    rows = []
    for name in arguments.networks:
        large = name not in CANDIDATES
        batch = arguments.large_batch if large else arguments.batch
        recipes = arguments.large_recipes if large else arguments.recipes
        turns = replace(settings, repetitions=-(-settings.repetitions // 2)) if large else settings
        subject = Subject(NETWORKS[name], PLAIN, batch, arguments.device, arguments.threads)
        variants: dict[str, Sequence[Variant]] = {recipe: chosen(arguments.device) for recipe in recipes}
        if name in arguments.switches:
            first = recipes[0]
            variants[first] = [*variants[first], *switches(arguments.device, first, arguments.compile)]
        try:
            found = compare(name, subject, variants, turns)
        except FailedError as error:
            found = [{"network": name, "recipe": recipes[0], "variant": PLAIN.name, "failed": str(error)}]
        print(comparison.table(found), flush=True)
        rows += found
    return rows


def record(arguments: argparse.Namespace, minutes: float, results: dict[str, Any]) -> dict[str, Any]:
    """Return the results with everything that they depend on."""
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(arguments).items()}
    return {
        "command": shlex.join(["python", *sys.argv]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "device": device_name(arguments.device),
        "versions": versions(),
        "settings": settings,
        "minutes": minutes,
        **results,
    }


def main() -> None:
    arguments = parsed()
    started = time.perf_counter()
    device, threads, batch = arguments.device, arguments.threads, arguments.batch
    if kind(device) == "cpu":
        torch.set_num_threads(threads)
    first = peaks(device)
    print(", ".join(f"{name} {value / 1e9:.0f} GFLOP/s" for name, value in first.items()), flush=True)
    settings = Settings(arguments.repetitions, arguments.seconds, first)
    results: dict[str, Any] = {"peak": {"at_start": first}}
    fastest = best(device)
    for part in arguments.parts:
        if part == "throughput":
            results[part] = throughput(arguments, settings)
        elif part == "scaling":
            results[part] = scaling.scaling(device, threads, batch, fastest, settings)
            print(scaling.table(results[part]), flush=True)
        elif part == "together":
            names = ("basic", "robust-res-block")
            results[part] = [row for name in names for row in together.together(name, device, batch, fastest)]
            print(together.table(results[part]), flush=True)
        else:
            variants = whose_accuracy_counts(device, arguments.compile)
            results[part] = accuracy.robust_accuracies(
                device, variants, arguments.seeds, arguments.data, arguments.data_dir
            )
            print(accuracy.table(results[part]), flush=True)
        results["peak"]["at_end"] = peaks(device)
        minutes = (time.perf_counter() - started) / 60
        # Results are written after each part, so that they are not lost if a later part fails.
        if arguments.json:
            arguments.json.write_text(json.dumps(record(arguments, minutes, results), indent=1) + "\n")
    print(f"\n{minutes:.1f} minutes on {device_name(device)}")


if __name__ == "__main__":
    main()
