"""The smallest experiment of each kind, for tests of what all kinds share. Each takes seconds."""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from baselines.robnet_search import RobNetSearch
from rnas.experiment import Experiment
from rnas.experiments._references import resolve_reference
from rnas.experiments.cell_search import _resolve as cell_search_settings
from rnas.experiments.cell_search.cell_search import CellSearch
from rnas.experiments.comparison import _resolve as comparison_settings
from rnas.experiments.comparison.run import Comparison
from rnas.experiments.replications import _resolve as replication_settings
from rnas.experiments.replications.run import ReplicationRun
from rnas.experiments.supernet.experiment import SupernetTraining
from rnas.experiments.supernet.setup import resolve_settings as supernet_settings
from rnas.experiments.training._resolve import resolve_settings
from rnas.experiments.training.training import Training
from rnas.experiments.tuning.tuning import Tuning, tuning_settings
from rnas.nas.config import FidelitySettings, SearchConfig
from rnas.nas.fidelity_study import FidelityStudy
from rnas.nas.search import Search
from rnas.networks.residual import ResidualNetwork
from rnas.scaling_rules._rule_test_settings import RuleTestSettings
from rnas.scaling_rules.rule_test import RuleTest

NETWORKS = tuple(ResidualNetwork((1, depth), (4, 8), stem_width=4) for depth in (1, 2))


def comparison(path: Path) -> Experiment[Any, Any]:
    """Two networks with two seeds, tuned in two trials each."""
    settings = comparison_settings.resolve_settings(
        NETWORKS,
        flops="50K",
        tolerance=0.9,
        seeds=2,
        tune=2,
        data="digits",
        recipe="short-sat",
        images=64,
        epochs=1,
        fidelity={"attack_steps": 1},
        evaluation={"steps": 1},
        attacks=("fgsm",),
        attacked_images=50,
        flags=False,
    )
    return Comparison.create(settings, path)


def replication(path: Path) -> Experiment[Any, Any]:
    """Six tiny networks with one seed."""
    settings = replication_settings.resolve_settings(
        "robust-wrn-scaling", base_channels=(2, 4, 8), epochs=1, images=64, seeds=1
    )
    return ReplicationRun.create(settings, path)


_TRAINING = {
    "data": "digits",
    "recipe": {"name": "sat", "inner_attack": {"steps": 1}},
    "epochs": 2,
    "batch_size": 40,
    "images": {"train": 80, "val": 40, "test": 40},
    "evaluation": {"steps": 1},
    "attacks": ("fgsm",),
    "device": "cpu",
}


def training(path: Path) -> Experiment[Any, Any]:
    """A network trained for two epochs."""
    return Training.create(resolve_settings(resolve_reference(NETWORKS[0]), _TRAINING), path)


def tuning(path: Path) -> Experiment[Any, Any]:
    """Three trials of two epochs."""
    settings = tuning_settings(resolve_settings(resolve_reference(NETWORKS[0]), _TRAINING), trials=3, pruner="none")
    return Tuning.create(settings, path)


def supernet(path: Path) -> SupernetTraining:
    """Shared weights of the smallest space of cells, trained for two epochs."""
    space = {"name": "nas-bench-201", "channels": 2, "cells": 1}
    settings = supernet_settings(
        space,
        {
            "data": "digits",
            "images": {"train": 60, "search_val": 40, "test": 40},
            "fidelity": {"epochs": 2, "batch_size": 30, "attack_steps": 1, "attack_step": "1"},
            "evaluation": {"steps": 1, "step": "1"},
            "device": "cpu",
        },
    )
    return SupernetTraining.create(settings, path)


TRAIN: dict[str, Any] = {
    "data": "digits",
    "images": {"train": 60, "search_val": 40, "test": 40},
    "fidelity": {"epochs": 2, "batch_size": 30, "attack_steps": 1, "attack_step": "1"},
    "rungs": [{"epochs": 1}],
    "evaluation": {"steps": 1, "step": "1"},
}
SEARCH: dict[str, Any] = {
    "space": {"name": "digits-bench", "narrow": {"topology": ["basic"], "activation": ["relu"], "width1": [1]}},
    "evaluator": {"train": TRAIN},
    "strategy": "random",
    "budget": 5,
    "batch_size": 2,
    "final_evaluation": {"seeds": 1, "attacks": ["fgsm"]},
    "workers": 0,
}


def search(path: Path) -> Search:
    """Networks trained at two rungs, and those of the front evaluated finally."""
    return Search.create(SearchConfig.parse({**SEARCH, "name": "small"}, "test"), path)


def fidelity(path: Path) -> FidelityStudy:
    """Ten networks at two rungs."""
    of = Search.create(SearchConfig.parse(SEARCH, "test"), path.with_name(f"{path.name}-search"))
    return FidelityStudy.create(FidelitySettings(search=of.path, architectures=10, bands=1, seeds=1), path)


@cache
def searched_for_a_rule() -> Path:
    """Search 24 networks, once in a process, in a directory that nothing may change."""
    config = {
        "space": {
            "name": "digits-bench",
            "narrow": {"topology": ["basic"], "activation": ["relu"], "width1": [1]},
            "flops": ["60K", "400K"],
        },
        "evaluator": {"train": {**TRAIN, "rungs": []}},
        "strategy": "random",
        "budget": 24,
        "workers": 0,
    }
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    Search.create(SearchConfig.parse(config, "test"), folder / "search").run()
    return folder / "search"


def rule_test(path: Path) -> RuleTest:
    """The rule of 24 trained networks, tested at larger FLOPs."""
    of = path.with_name("search")
    if not of.exists():
        shutil.copytree(searched_for_a_rule(), of)
    return RuleTest.create(RuleTestSettings(search=of, flops="550K", seeds=2), path)


def cell_search(path: Path) -> CellSearch:
    """Three epochs of AdvRush, the last of which counts the curvature."""
    given = {
        "data": "digits",
        "images": {"train": 64, "val": 40, "test": 40},
        "epochs": 3,
        "batch_size": 16,
        "channels": 2,
        "derived_layers": 4,
        "derived_channels": 2,
        "device": "cpu",
    }
    return CellSearch.create(cell_search_settings.resolve_settings({"name": "advrush", "warmup": "2/3"}, given), path)


def robnet_search(path: Path) -> RobNetSearch:
    """A few paths of the smallest supernet of RobNet's cells."""
    given = {
        "data": "digits",
        "images": {"train": 40, "search_val": 20, "test": 20},
        "epochs": 1,
        "batch_size": 20,
        "channels": 2,
        "fidelity": {"attack_steps": 1, "attack_step": "1"},
        "evaluation": {"steps": 1, "step": "1"},
        "device": "cpu",
    }
    return RobNetSearch.create(RobNetSearch.resolve({"paths": 3, "finetune_epochs": 1, "keep": 0.5}, given), path)


KINDS: dict[str, Callable[[Path], Experiment[Any, Any]]] = {
    "comparison": comparison,
    "replication": replication,
    "training": training,
    "tuning": tuning,
    "supernet": supernet,
    "search": search,
    "fidelity": fidelity,
    "rule-test": rule_test,
    "cell-search": cell_search,
    "robnet-search": robnet_search,
}
"""What makes the smallest experiment of a kind in a directory."""
