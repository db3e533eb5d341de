"""Test the final evaluation of a front on networks that are really trained, attacked and checked."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import rnas
from rnas.cli import app
from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import FINAL_ACCURACY
from rnas.nas.result import SearchResult

CONFIG: dict[str, Any] = {
    "space": {
        "name": "digits-bench",
        "narrow": {"depth1": [1], "depth2": [1], "depth3": [1, 2], "width1": [1], "width2": [1], "topology": ["basic"]},
    },
    "evaluator": {
        "train": {
            "data": "digits",
            "images": {"train": 200, "search_val": 60, "test": 60},
            "fidelity": {"epochs": 4, "batch_size": 50, "attack_steps": 1, "attack_step": "1"},
            "rungs": [{"epochs": 1}],
            "evaluation": {"steps": 2, "step": "1/2"},
        }
    },
    "final_evaluation": {"seeds": 2, "attacks": ["pgd5"]},
    "strategy": "random",
    "budget": 6,
    "workers": 0,
    "seed": 7,
}


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    return rnas.search(CONFIG, output=tmp_path_factory.mktemp("final_evaluation") / "run")


def test_every_member_is_trained_again_with_seeds_that_the_search_did_not_use(run: SearchResult) -> None:
    keys = [record.key for record in run.front()]
    assert keys
    assert [(r.key, r.seed) for r in run.final_records] == [(key, seed) for key in keys for seed in (8, 9)]
    for record in run.final_records:
        assert record.fidelity["epochs"] == 4
        assert record.metrics[FINAL_ACCURACY] <= record.metrics["test_clean_accuracy"]
    for member in run.final_members():
        assert member.seeds == (8, 9)
        assert member.accuracy == pytest.approx(sum(member.accuracies) / 2)
        assert member.half_width is not None
    ranks = [member.final_rank for member in run.final_members()]
    assert ranks == sorted(ranks, key=lambda rank: rank or 99)


def test_weights_and_results_are_in_the_directory_of_the_run(run: SearchResult) -> None:
    assert run.path is not None
    key = run.front()[0].key
    folder = run.path / "final_evaluation" / "seed-8"
    result = json.loads((folder / f"seed-8-{key}.json").read_text())
    assert result["architecture_key"] == key
    assert result["data"]["images"] == 60
    assert (folder / f"{key}.safetensors").exists()
    assert "Final evaluation: worst case of" in (run.path / "report.html").read_text()


def test_loaded_and_printed_it_says_the_same(run: SearchResult) -> None:
    assert run.path is not None
    again = rnas.Search.open(run.path).result()
    assert again.final_members() == run.final_members()
    printed = CliRunner().invoke(app, ["report", str(run.path), "--json"])
    members = json.loads(printed.stdout)["final_evaluation"]["members"]
    assert [member["key"] for member in members] == [member.key for member in run.final_members()]
    resumed = CliRunner().invoke(app, ["resume", str(run.path)])
    assert resumed.exit_code == 0
    assert "Final evaluation: worst case of" in resumed.stdout
    assert rnas.Search.open(run.path).result().final_records == run.final_records


def test_final_evaluations_need_networks_that_are_trained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="final_evaluation: this evaluator trains no networks to attack"):
        rnas.search({**CONFIG, "evaluator": {"call": "tests.rnas.cli.scores:total_depth"}}, output=tmp_path / "run")
    with pytest.raises(InputError, match="nonsense"):
        rnas.search({**CONFIG, "final_evaluation": {"attacks": ["nonsense"]}}, output=tmp_path / "run")
