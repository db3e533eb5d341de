"""Rank published families at equal small FLOPs on digits, scaled, trained by one recipe and evaluated.

Eight networks of the zoo, of six families, are scaled to one budget at 1x8x8, trained adversarially, and attacked by
PGD, CW and AutoAttack's fast form; ``rnas leaderboard`` makes the tables. Digits test the software and are no evidence
about networks for natural images. If the folder already holds results, only the missing ones are computed.

    python benchmarks/evaluation/digits_leaderboard.py --output results --workers 2
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rnas.networks import architecture as arch
from rnas.networks.zoo import find

DIGITS = (1, 8, 8)
# Cell networks can be added by --networks, but their many small operations take minutes an epoch on a CPU.
NETWORKS = (
    "wrn-28-10",
    "wrn-34-10",
    "wrn-34-r",
    "wrn-34-d7-9-3",
    "robustresnet-a1",
    "robust-res-block-d4-w10",
    "resnet-18",
    "densenet-121",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for architectures, trainings and results")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, help="names of the zoo")
    parser.add_argument("--flops", type=int, default=3_000_000, help="multiply-accumulates of each at 1x8x8")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--images", type=int, default=450, help="number of attacked images")
    parser.add_argument("--attacks", default="pgd20,cw40,autoattack-fast")
    parser.add_argument("--workers", type=int, default=1, help="networks at once")
    arguments = parser.parse_args()
    with ThreadPoolExecutor(arguments.workers) as pool:
        list(pool.map(lambda name: evaluated(name, arguments), arguments.networks))
    rnas("leaderboard", arguments.output / "results")


def evaluated(name: str, arguments: argparse.Namespace) -> None:
    """Train and attack one network, unless its result exists."""
    short = name.replace("@", "-")
    folder = arguments.output / "trainings" / short
    file = arguments.output / f"{short}.json"
    scaled = find(name).scaled_to(arguments.flops, DIGITS)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(arch.to_dict(scaled.architecture)))
    settings = ("--recipe", "short-sat", "--data", "digits", "--epochs", arguments.epochs, "--batch-size", 64)
    if folder.exists():
        rnas("resume", folder)
    else:
        attack = ("--set", "fidelity.attack_steps=3", "--set", "fidelity.attack_step=1/2")
        rnas("train", file, *settings, *attack, "--output", folder)
    result = arguments.output / "results"
    attacked = ("--attacks", arguments.attacks, "--images", arguments.images)
    rnas("evaluate", folder / "last.safetensors", *attacked, "-o", result)


def rnas(*words: object) -> None:
    """Run an rnas command; its failure ends the benchmark."""
    command = [str(Path(sys.executable).with_name("rnas")), *map(str, words)]
    print("rnas", *command[1:], flush=True)
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
