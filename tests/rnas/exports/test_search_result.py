"""What a search measured of the networks that are exported from it."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

import rnas
from rnas import registry
from rnas.errors import InputError
from rnas.experiments._references import resolve
from rnas.exports._search_result import search_result
from rnas.exports.network import Network, find_network
from rnas.exports.robustbench import model_info
from rnas.nas.result import SearchResult

SEARCH = {
    "space": {"name": "wide-resnet-depths", "base_channels": [2, 4, 4], "depths": [1], "widths": [1, 2]},
    "evaluator": {
        "train": {
            "data": "digits",
            "images": {"train": 64, "search_val": 40, "test": 50},
            "fidelity": {"epochs": 1, "batch_size": 32, "attack_steps": 1},
            "evaluation": {"steps": 2},
        }
    },
    "strategy": "random",
    "budget": 2,
    "workers": 0,
    "seed": 3,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """Two networks, trained for an epoch."""
    return rnas.search(SEARCH, output=tmp_path_factory.mktemp("runs") / "run")


def test_the_card_tells_what_the_search_measured_with_all_that_decided_it(run: SearchResult, tmp_path: Path) -> None:
    assert run.path is not None
    record = run.records[1]
    registry.load(registry.EXPORTS, "hugging-face").write(find_network(f"{run.path}:{record.key}"), tmp_path)
    card = (tmp_path / "README.md").read_text()
    setting = r"on 50 images of digits, test split, after 1 epoch of recipe short-sat ("
    assert f"{setting}{record.evaluation.provenance['recipe_hash']}), training seed {record.seed}." in card
    assert "These are the search's own low-fidelity numbers, not AutoAttack." in card
    clean, robust = (record.metrics[f"test_{name}_accuracy"] for name in ("clean", "robust"))
    assert f"| none | | {clean:.4f} | " in card
    attack = "worst case of PGD on the cross-entropy and PGD on the margin, 2 steps of 3/80, seed 0"
    assert f"| {attack} | linf:3/20 | {robust:.4f} | " in card
    # An export of the export still knows.
    assert model_info(find_network(tmp_path))["footnote"] == model_info(_member(run))["footnote"]


def test_robustbench_has_them_in_the_footnote_alone(run: SearchResult) -> None:
    entry = model_info(_member(run))
    assert (entry["threat_model"], entry["eps"]) == ("Linf", "3/20")
    assert {entry[name] for name in ("clean_acc", "reported", "autoattack_acc")} == {None}
    robust = run.records[1].metrics["test_robust_accuracy"]
    assert f"{100 * robust:.2f}% robust accuracy, linf:3/20, worst case of PGD" in entry["footnote"]


def test_other_weights_are_told_nothing_of(run: SearchResult, tmp_path: Path) -> None:
    assert run.path is not None
    first, second = run.records
    own = run.path / "checkpoints" / f"{first.key}.safetensors"
    found = search_result(first, own)
    assert found is not None
    assert json.loads(json.dumps(found)) == found
    assert search_result(second, own) is None
    assert search_result(dataclasses.replace(first, evaluation=None), own) is None
    lower = {name: value for name, value in first.metrics.items() if not name.startswith("test_")}
    assert first.evaluation is not None
    rung = search_result(
        dataclasses.replace(first, evaluation=dataclasses.replace(first.evaluation, metrics=lower)), own
    )
    assert rung is not None
    assert rung["data"] == {"name": "digits", "split": "search_val", "images": 40}
    assert rung["robust_accuracy"] == first.metrics["robust_accuracy"]
    # With weights of a file the search has nothing to say.
    other = tmp_path / "other.safetensors"
    other.write_bytes(own.read_bytes())
    assert find_network(f"{run.path}:{first.key}", other).search_result is None


def test_weights_that_are_not_those_of_the_record_are_refused(run: SearchResult, tmp_path: Path) -> None:
    assert run.path is not None
    shutil.copytree(run.path, tmp_path / "run")
    key = run.records[0].key
    file = tmp_path / "run" / "checkpoints" / f"{key}.safetensors"
    save_file({name: tensor + 1 for name, tensor in load_file(file).items()}, file)
    with pytest.raises(InputError, match=f"its sha256 is not the one that the run recorded of member {key}"):
        resolve(f"{tmp_path / 'run'}:{key}")


def _member(run: SearchResult) -> Network:
    assert run.path is not None
    return find_network(f"{run.path}:{run.records[1].key}")
