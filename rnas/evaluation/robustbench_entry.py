"""Make an entry of RobustBench (Croce et al., NeurIPS 2021) from a result of an evaluation."""

from collections.abc import Mapping
from typing import Any

from rnas.evaluation.evaluation_result import AttackEvaluation, EvaluationResult

_THREATS = {"linf": "Linf", "l2": "L2"}
_WHOLE = ("autoattack", "autoattack-cascade")
_TEST_IMAGES = 10_000


def whole_autoattack(result: EvaluationResult) -> AttackEvaluation | None:
    """Return the first AutoAttack of a result in a ball of RobustBench, with all of its attacks; None without one."""
    whole = [a for a in result.attacks if a.name in _WHOLE and a.norm in _THREATS and not a.left_out]
    return whole[0] if whole else None


def robustbench_entry(
    name: str, result: EvaluationResult | None, training: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the entry, in which None marks what is not known, with accuracies in percent as text, as in RobustBench.

    Accuracies are there only where the result is on all 10,000 published test images, as the leaderboard requires.
    Threat model and radius are those of AutoAttack, else those that the network was trained for.

    Args:
        name: name of the network.
        result: evaluation of its weights, or None.
        training: settings of its training as far as they are known.
    """
    settings = training or {}
    official = result is not None and result.data.published_test_images and result.data.images == _TEST_IMAGES
    attack = whole_autoattack(result) if result is not None else None
    clean = f"{100 * result.clean.accuracy:.2f}" if result is not None and official else None
    robust = f"{100 * attack.accuracy:.2f}" if attack and official else None
    return {
        "link": None,
        "name": None,
        "authors": None,
        "additional_data": settings["extra"] is not None if settings else None,
        "number_forward_passes": 1,
        "dataset": result.data.name if result is not None else settings.get("data"),
        "venue": None,
        "architecture": name,
        "threat_model": _THREATS[attack.norm if attack else "linf"] if attack or "eps" in settings else None,
        "eps": attack.epsilon if attack else settings.get("eps"),
        "clean_acc": clean,
        "reported": robust,
        "autoattack_acc": robust,
    }
