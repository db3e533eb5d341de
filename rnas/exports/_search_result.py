"""Collect the accuracies that a search measured for the exported weights, with the settings behind them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.nas.ledger import Record
from rnas.statistics.proportions import Proportion, proportion
from rnas.utils.files import file_hash
from rnas.utils.quantities import pluralize

CAVEAT = "These are the search's own low-fidelity numbers, not AutoAttack."


def search_result(record: Record, file: Path) -> dict[str, Any] | None:
    """Return what a record of adversarial training says about a file of weights, as JSON values.

    The accuracies are those on the test split, on which nothing was chosen. Networks of a lower rung are not measured
    there, so that theirs are those on the search_val split, which the search optimised.

    Args:
        record: record of a search whose evaluator trains and attacks networks.
        file: file of weights, which must be those of the record.

    Returns:
        None if the record is of other weights or has no metrics.
    """
    if record.evaluation is None or not record.complete:
        return None
    provenance = record.evaluation.provenance
    weights = provenance.get("weights")
    if not weights or not file_hash(file).startswith(weights):
        return None
    split, prefix = ("test", "test_") if "test_robust_accuracy" in record.metrics else ("search_val", "")
    return {
        "clean_accuracy": record.metrics[f"{prefix}clean_accuracy"],
        "robust_accuracy": record.metrics[f"{prefix}robust_accuracy"],
        "evaluation": provenance["evaluation"],
        "data": {"name": provenance["data"]["name"], "split": split, "images": provenance["data"]["images"][split]},
        "recipe": provenance["recipe"]["name"],
        "recipe_hash": provenance["recipe_hash"],
        "epochs": provenance["fidelity"]["epochs"],
        "seed": record.seed,
    }


def accuracies(result: Mapping[str, Any]) -> tuple[Proportion, Proportion]:
    """Return the clean and the robust accuracy of a result with their intervals."""
    images = result["data"]["images"]
    return proportion(result["clean_accuracy"], images), proportion(result["robust_accuracy"], images)


def attack_words(result: Mapping[str, Any]) -> str:
    """Describe the attack, as in ``worst case of PGD ..., 20 steps of 1/510, seed 0``, without its norm and radius."""
    attack = result["evaluation"]
    return f"{attack['attack']}, {attack['steps']} steps of {attack['step']}, seed {attack['seed']}"


def threat_words(result: Mapping[str, Any]) -> str:
    """Return norm and radius, such as ``linf:8/255``."""
    return f"{result['evaluation']['norm']}:{result['evaluation']['epsilon']}"


def setting_words(result: Mapping[str, Any]) -> str:
    """Describe the images and the training of a result."""
    data = result["data"]
    return (
        f"on {pluralize(data['images'], 'image')} of {data['name']}, {data['split']} split, after "
        f"{pluralize(result['epochs'], 'epoch')} of recipe {result['recipe']} ({result['recipe_hash']}), "
        f"training seed {result['seed']}"
    )
