"""Write the format ``robustbench``: an entry of RobustBench (Croce et al., NeurIPS 2021), with its network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnas.evaluation.robustbench_entry import robustbench_entry
from rnas.exports._search_result import CAVEAT, accuracies, attack_words, setting_words, threat_words
from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.exports.standalone import FORMAT as STANDALONE
from rnas.networks._exported import ROBUSTBENCH_CODE, ROBUSTBENCH_INFO


class RobustBench:
    """Folder with ``model_info.json``, in which null marks unknown facts, and ``model.py`` with ``load()``.

    Accuracies only come from a result of ``rnas evaluate`` on all 10,000 published test images, as the leaderboard
    requires. Accuracies that a search measured are in the footnote. Threat model and radius are those of the attack,
    else those that the network was trained for.
    """

    name = "robustbench"
    summary = "entry of RobustBench with a loader; unknown facts are null"
    suffix = ""
    needs_rnas = False
    extra = ""
    reader = reader_script("python_file")

    def write(self, network: Network, path: Path) -> None:
        """Write the folder; see :meth:`rnas.exports.format.Format.write`."""
        STANDALONE.write(network, path / ROBUSTBENCH_CODE)
        (path / ROBUSTBENCH_INFO).write_text(json.dumps(model_info(network), indent=2) + "\n", encoding="utf-8")


def model_info(network: Network) -> dict[str, Any]:
    """Return the entry, with accuracies in percent as text, as in RobustBench."""
    entry = robustbench_entry(network.name, network.evaluation, _settings(network))
    footnote = _footnote(network)
    return entry if footnote is None else {**entry, "footnote": footnote}


def _footnote(network: Network) -> str | None:
    """Return the footnote with the accuracies of the network's search."""
    result = network.search_result
    if result is None or network.evaluation is not None:
        return None
    clean, robust = accuracies(result)
    return (
        f"In the search that found it: {100 * clean.value:.2f}% clean and {100 * robust.value:.2f}% robust accuracy, "
        f"{threat_words(result)}, {attack_words(result)}, {setting_words(result)}. {CAVEAT}"
    )


def _settings(network: Network) -> Mapping[str, Any]:
    training = network.provenance["weights"].get("training") or {}
    settings: Mapping[str, Any] = training.get("settings", {})
    return settings


FORMAT = RobustBench()
