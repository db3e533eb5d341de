"""Measure what zero-cost proxies add to FLOPs for adversarially trained networks, and what a search would gain.

    python benchmarks/search/proxies.py --table search_spaces/digits_bench.csv.gz --json benchmarks/search/proxies.json
    python benchmarks/search/proxies.py --space nas-bench-201 --table nas_robbench_201_cifar10.csv.gz --data CIFAR10

Kendall's tau of each proxy with robust accuracy: over all networks, within quarters of FLOPs, and of the residuals
after FLOPs, or FLOPs and parameters. FLOPs and parameters are listed for comparison. ``rnas.nas.proxies.judgement``
decides whether a proxy adds information to FLOPs, to FLOPs and parameters, and to the inputs of a search's surrogate,
which are the features of the space and the FLOPs. The last figures are the tau of a surrogate that is fitted to few
networks, as in a search, on all others, and the gain by each proxy: mean and standard error over random splits.

The first table is part of the project. The second is NAS-RobBench-201 (Wu et al., ICLR 2024), which is not part of it,
nor are the images; a random sample of its cells is used.
"""

import argparse
import csv
import gzip
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.data.dataset import divide
from rnas.data.loading import load_dataset
from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.proxies._partial_tau import tau_by_quarters
from rnas.nas.proxies.judgement import Judgement, judge, with_scores
from rnas.nas.space import SearchSpace
from rnas.statistics._ranks import kendall_tau
from search_spaces.digits_bench import INPUT_SHAPE, NUM_CLASSES, DigitsBenchSettings, DigitsBenchSpace
from search_spaces.nas_bench_201 import NASBench201, NASBench201Settings

FITTED = (15, 30, 60, 120)
SPLITS = 20
COLUMNS = {"digits-bench": "robust_accuracy", "nas-bench-201": "pgd_8"}


def networks(arguments: argparse.Namespace) -> tuple[SearchSpace, Integers, dict[str, Floats]]:
    """Return the space, genomes (n, v) of a random sample, and columns (n,) of the table."""
    space: SearchSpace
    with gzip.open(arguments.table, "rt") as file:
        rows = list(csv.DictReader(file))
    target = COLUMNS[arguments.space]
    rows = [row for row in rows if row[target]]
    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[: arguments.networks]]
    if arguments.space == "digits-bench":
        space = DigitsBenchSpace(DigitsBenchSettings(), INPUT_SHAPE, NUM_CLASSES)
        genomes = np.array([[int(digit) for digit in row["architecture"]] for row in rows])
    else:
        space = NASBench201(NASBench201Settings(), (3, 32, 32), 10)
        genomes = np.stack([space.encode(space.parse(row["cell"])) for row in rows])
    names = [name for name in rows[0] if name.startswith(target)]
    return space, genomes, {name: np.array([float(row[name]) for row in rows]) for name in names}


def images(arguments: argparse.Namespace) -> Tensor:
    """Return the first images (n, C, H, W) of the train split."""
    name = "digits" if arguments.space == "digits-bench" else "cifar10"
    dataset = load_dataset(name, arguments.data)
    return divide(dataset, dataset.splits, 0)["train"].first(arguments.images).images(slice(None))


def scores(
    space: SearchSpace, genomes: Integers, batch: Tensor, seeds: int
) -> tuple[dict[str, Floats], dict[str, float]]:
    """Return for every registered proxy the scores (n, seeds), and the CPU seconds of one score."""
    found, seconds = {}, {}
    architectures = [space.decode(genome) for genome in genomes]
    for name in registry.names(registry.PROXIES):
        proxy = registry.load(registry.PROXIES, name)
        started = time.process_time()
        found[name] = np.array(
            [
                [proxy(a, space.input_shape, space.num_classes, batch, seed) for seed in range(seeds)]
                for a in architectures
            ]
        )
        seconds[name] = (time.process_time() - started) / found[name].size
    return found, seconds


def surrogate_inputs(space: SearchSpace, genomes: Integers) -> Floats:
    """Return the inputs of the surrogate of a search for accuracy and FLOPs, with its weights."""
    blocks = [space.features(genomes), space.cost(genomes).flops.astype(float)[:, None]]
    return np.concatenate([block / (np.sqrt(block.var(axis=0).sum()) or 1.0) for block in blocks], axis=1)


def few(inputs: dict[str, Floats], target: Floats) -> dict[str, dict[str, list[float]]]:
    """Return for each number of fitted networks the tau on the others, and the gain by each proxy, with errors."""
    rng = np.random.default_rng(0)
    found = {}
    for count in (count for count in FITTED if count <= len(target) // 2):
        reached: dict[str, list[float]] = {name: [] for name in inputs}
        for _ in range(SPLITS):
            fitted, others = np.split(rng.permutation(len(target)), [count])
            for name, columns in inputs.items():
                predictor = GaussianProcess().fit(columns[fitted], target[fitted])
                reached[name].append(kendall_tau(predictor.predict(columns[others])[0], target[others]))
        without = np.array(reached.pop("without"))
        gains = {name: np.array(values) - without for name, values in reached.items()}
        found[str(count)] = {"without": summary(without)} | {name: summary(gain) for name, gain in gains.items()}
    return found


def summary(values: Floats) -> list[float]:
    """Return mean and standard error."""
    return [round(float(values.mean()), 4), round(float(values.std(ddof=1) / np.sqrt(len(values))), 4)]


def taus(first: Floats, second: Floats, flops: Floats) -> dict[str, Any]:
    """Return tau over all networks and within quarters of FLOPs."""
    return {"tau": round(kendall_tau(first, second), 3), "quarters": rounded(tau_by_quarters(first, second, flops))}


def judged(judgement: Judgement) -> dict[str, Any]:
    """Convert a judgement to JSON values."""
    values = asdict(judgement)
    intervals = {name: rounded(values[name].values()) for name in ("partial_tau", "gain")}
    return {**intervals, "without": round(judgement.without, 3), "adds": judgement.adds}


def rounded(values: Any) -> list[float]:
    return [round(float(value), 3) for value in values]


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return all figures."""
    space, genomes, columns = networks(arguments)
    cost = space.cost(genomes)
    costs = {"flops": cost.flops.astype(float), "params": cost.params.astype(float)}
    flops, both = costs["flops"][:, None], np.stack(list(costs.values()), axis=1)
    target = columns.pop(COLUMNS[arguments.space])
    found, seconds = scores(space, genomes, images(arguments), arguments.seeds)
    surrogate = surrogate_inputs(space, genomes)
    proxies = {}
    for name, values in found.items():
        score = values[:, 0]
        proxies[name] = taus(score, target, costs["flops"]) | {
            "between_seeds": round(kendall_tau(values[:, 0], values[:, 1]), 3) if arguments.seeds > 1 else None,
            "cpu_seconds": round(seconds[name], 3),
            "mean_of_seeds": taus(values.mean(axis=1), target, costs["flops"]),
            "to_flops": judged(judge(score, target, flops)),
            "to_flops_and_params": judged(judge(score, target, both)),
            "to_the_surrogate": judged(judge(score, target, flops, surrogate)),
        }
    bar = {name: taus(values, target, costs["flops"]) for name, values in costs.items()}
    bar["params"]["to_flops"] = judged(judge(costs["params"], target, flops))
    bar["params"]["to_the_surrogate"] = judged(judge(costs["params"], target, flops, surrogate))
    inputs = {"without": surrogate / np.sqrt(surrogate.var(axis=0).sum())}
    inputs |= {name: with_scores(surrogate, values[:, 0]) for name, values in found.items()}
    inputs["params"] = with_scores(surrogate, costs["params"])
    seeds = [values for name, values in columns.items() if "_seed" in name]
    return {
        "space": arguments.space,
        "networks": len(target),
        "images": arguments.images,
        "seeds": arguments.seeds,
        "target": COLUMNS[arguments.space],
        "between_trainings": taus(seeds[0], seeds[1], costs["flops"]) if seeds else None,
        "bar": bar,
        "proxies": proxies,
        "fitted_to_few": few(inputs, target),
    }


def show(found: dict[str, Any]) -> None:
    """Print the figures."""
    print(f"{found['space']}: {found['networks']} networks, tau with {found['target']}; within quarters of FLOPs")
    lines = {"between trainings": found["between_trainings"]} | found["bar"] | found["proxies"]
    for name, line in lines.items():
        if line is not None:
            print(f"  {name:20} {line['tau']:6.3f};  {listed(line['quarters'])}")
    for name, line in (found["bar"] | found["proxies"]).items():
        for to in ("to_flops", "to_flops_and_params", "to_the_surrogate"):
            if to in line:
                verdict = "adds" if line[to]["adds"] else "adds nothing"
                partial, gain = (listed(line[to][split]) for split in ("partial_tau", "gain"))
                print(f"  {name:8} {to:20} {verdict:12}  partial tau {partial};  gain {gain} on {line[to]['without']}")
    for count, line in found["fitted_to_few"].items():
        gains = ", ".join(f"{name} {gain:+.3f}±{error:.3f}" for name, (gain, error) in line.items())
        print(f"  fitted to {count}: tau {gains}")


def listed(values: Sequence[float]) -> str:
    """Format numbers in a row."""
    return " ".join(f"{value:6.3f}" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", choices=list(COLUMNS), default="digits-bench")
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder of the CIFAR-10 images")
    parser.add_argument("--networks", type=int, default=600)
    parser.add_argument("--images", type=int, default=128, help="number of images for NASWOT")
    parser.add_argument("--seeds", type=int, default=3, help="number of random weights of each untrained network")
    parser.add_argument("--json", type=Path, help="add the figures, by space, to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = measure(arguments)
    show(found)
    if arguments.json:
        others = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
        arguments.json.write_text(json.dumps(others | {found["space"]: found}) + "\n")


if __name__ == "__main__":
    main()
