"""The smallest experiment of each kind, for tests of what all kinds share. Each takes seconds."""

from pathlib import Path
from typing import Any

from rnas.nas.config import SearchConfig
from rnas.nas.fidelity_study import FidelitySettings, FidelityStudy
from rnas.nas.search import Search
from rnas.scaling_rules.rule_test import RuleTest, rule_test_settings

TRAIN: dict[str, Any] = {
    "data": "digits",
    "images": {"training": 60, "score": 40, "final": 40},
    "fidelity": {"epochs": 2, "batch_size": 30, "attack_steps": 1, "attack_step": "1"},
    "ladder": [{"epochs": 1}],
    "evaluation": {"steps": 1, "step": "1"},
}
SEARCH: dict[str, Any] = {
    "space": {"name": "digits-bench", "narrow": {"topology": ["basic"], "activation": ["relu"], "width1": [1]}},
    "evaluator": {"train": TRAIN},
    "strategy": "random",
    "budget": 5,
    "batch_size": 2,
    "finals": {"seeds": 1, "attacks": ["fgsm"]},
    "workers": 0,
}


def search(path: Path) -> Search:
    """Networks trained at two rungs, and those of the front evaluated finally."""
    return Search.create(SearchConfig.parse({**SEARCH, "name": "small"}, "test"), path)


def fidelity(path: Path) -> FidelityStudy:
    """Ten networks at two rungs."""
    of = Search.create(SearchConfig.parse(SEARCH, "test"), path.with_name(f"{path.name}-search"))
    return FidelityStudy.create(FidelitySettings(search=of.path, architectures=10, bands=1, seeds=1), path)


def rule_test(path: Path) -> RuleTest:
    """The rule of 24 trained networks, tested at larger FLOPs."""
    config = {
        "space": {
            "name": "digits-bench",
            "narrow": {"topology": ["basic"], "activation": ["relu"], "width1": [1]},
            "flops": ["60K", "400K"],
        },
        "evaluator": {"train": {**TRAIN, "ladder": []}},
        "strategy": "random",
        "budget": 24,
        "workers": 0,
    }
    of = Search.create(SearchConfig.parse(config, "test"), path.with_name(f"{path.name}-search"))
    of.run()
    return RuleTest.create(rule_test_settings(of.path, "550K", fit="", seeds=2, metric=None), path)
