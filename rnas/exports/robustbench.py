"""The format ``robustbench``: an entry as RobustBench keeps them (Croce et al., NeurIPS 2021), with its network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.evaluation.evaluation_result import AttackEvaluation
from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.exports.standalone import FORMAT as STANDALONE

_THREATS = {"linf": "Linf", "l2": "L2"}
_WHOLE = ("autoattack", "autoattack-cascade")
_TEST_IMAGES = 10_000


class RobustBench:
    """``model_info.json`` with what is known, null where nothing is, and ``model.py`` with ``load()``.

    Accuracies come from a result of ``rnas evaluate`` alone, and only where it is of all 10,000 published test images,
    as the leaderboard asks.
    """

    name = "robustbench"
    summary = "entry of RobustBench, null where nothing is known, with a loader"
    suffix = ""
    needs_rnas = False
    extra = ""
    reader = reader_script("python_file")

    def write(self, network: Network, path: Path) -> None:
        """See :meth:`rnas.exports.format.Format.write`."""
        STANDALONE.write(network, path / "model.py")
        (path / "model_info.json").write_text(json.dumps(model_info(network), indent=2) + "\n", encoding="utf-8")


def model_info(network: Network) -> dict[str, Any]:
    """The entry; accuracies in percent as text, as RobustBench has them."""
    settings = _settings(network)
    result = network.evaluation
    official = result is not None and result.data.published_test_images and result.data.images == _TEST_IMAGES
    attack = _autoattack(network) if official else None
    clean = f"{100 * result.clean.accuracy:.2f}" if result is not None and official else None
    robust = f"{100 * attack.accuracy:.2f}" if attack else None
    return {
        "link": None,
        "name": None,
        "authors": None,
        "additional_data": settings["extra"] is not None if settings else None,
        "number_forward_passes": 1,
        "dataset": result.data.name if result is not None else settings.get("data"),
        "venue": None,
        "architecture": network.name,
        "threat_model": _THREATS[attack.norm] if attack else None,
        "eps": attack.epsilon if attack else None,
        "clean_acc": clean,
        "reported": robust,
        "autoattack_acc": robust,
    }


def _autoattack(network: Network) -> AttackEvaluation | None:
    assert network.evaluation is not None
    whole = [a for a in network.evaluation.attacks if a.name in _WHOLE and a.norm in _THREATS and not a.left_out]
    return whole[0] if whole else None


def _settings(network: Network) -> Mapping[str, Any]:
    training = network.provenance["weights"].get("training") or {}
    settings: Mapping[str, Any] = training.get("settings", {})
    return settings


FORMAT = RobustBench()
