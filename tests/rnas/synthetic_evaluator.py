"""An evaluator whose ground truth is known: depth belongs in the last stage."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnas.nas._problem import with_known
from rnas.nas._setup import resolve
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.ledger import Record
from rnas.nas.result import SearchResult
from rnas.nas.strategies._candidates import sample_fresh
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork

BEST_SHARE = 0.6
"""Best share of the last stage in the depth."""

NOISE = 0.01
"""Deviation of single evaluations."""

IMAGES, CLASSES = (3, 32, 32), 10

CONFIG: dict[str, Any] = {
    "space": {
        "name": "robust-resnet",
        "depths": [1, 2, 3, 4, 5, 6],
        "widths": [1, 2, 3],
        "base_channels": [8, 16, 32],
        "stem_width": [8],
        "narrow": {
            "topology": ["basic"],
            "order": ["pre"],
            "kernel_size": [3],
            "squeeze_excitation": ["none"],
            "activation": ["relu", "silu"],
            "normalization": ["batch"],
        },
        "flops": ["4M", "30M"],
    },
    "evaluator": {"call": "tests.rnas.synthetic_evaluator:score"},
    "objectives": [
        {"metric": "score", "direction": "maximize"},
        {"metric": "flops", "direction": "minimize"},
    ],
    "strategy": "random",
    "budget": 60,
    "workers": 0,
}


def mean_score(network: ResidualNetwork) -> float:
    """Return the score without noise: higher the nearer the last stage's share of depth is to the best; SiLU helps."""
    share = network.depths[-1] / sum(network.depths)
    capacity = 0.05 * math.log(network.cost(IMAGES, CLASSES).flops)
    bonus = 0.03 if network.blocks[0].activation == "silu" else 0.0
    return capacity - (share - BEST_SHARE) ** 2 + bonus


def score(task: Task, _context: Context) -> dict[str, float]:
    """Return the score with noise by network and seed."""
    network = task.architecture
    assert isinstance(network, ResidualNetwork)
    rng = np.random.default_rng([task.seed, int(arch.key(network), 16)])
    return {"score": mean_score(network) + NOISE * float(rng.standard_normal())}


def run_in_memory(config: Mapping[str, Any], evaluations: int) -> SearchResult:
    """Networks of a configuration, stratified over log FLOPs, evaluated without a search."""
    setup = resolve(SearchConfig.parse(config, "test"), Path(), "test")
    genomes = sample_fresh(setup.problem, evaluations, set(), np.random.default_rng(0))
    records = []
    for number, genome in enumerate(genomes):
        network = setup.space.decode(genome)
        task = Task(network, 0)
        records.append(
            Record(
                number=number,
                key=arch.key(network),
                architecture=network,
                seed=0,
                fidelity={},
                batch=0,
                num_observed=0,
                parameters=setup.space.parameters(network),
                evaluation=with_known(setup.problem, network, setup.evaluator.evaluate(task, Context())),
            )
        )
    return SearchResult(setup, records)
