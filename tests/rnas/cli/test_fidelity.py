import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rnas.nas.rungs import place
from tests.rnas.cli.conftest import Result

CONFIG: dict[str, Any] = {
    "space": {"name": "digits-bench", "narrow": {"topology": ["basic"], "activation": ["relu"]}},
    "evaluator": {
        "train": {
            "data": "digits",
            "images": {"train": 60, "search_val": 40, "test": 40},
            "fidelity": {"epochs": 2, "batch_size": 30, "attack_steps": 1, "attack_step": "1"},
            "rungs": [{"epochs": 1}],
            "evaluation": {"steps": 1, "step": "1"},
        }
    },
    "budget": 6,
    "workers": 0,
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


@pytest.mark.slow
def test_a_ladder_is_measured_kept_and_reported(command: Callable[..., Result], config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = command("fidelity", config, "--architectures", 10, "--bands", 1, "--output", folder, "--json")
    assert result.code == 0, result.err
    study = json.loads(result.out)
    (quality,) = study["quality"]
    assert (study["architectures"], study["seeds"], study["failures"], quality["architectures"]) == (10, 2, 0, 10)
    assert {shift["quantity"] for shift in study["shifts"]} == {"r_D", "D3", "W3"}
    assert json.loads((folder / "fidelity.json").read_text()) == study
    assert result.err.count("seed") == 10 * 2 * 2
    again = command("fidelity", folder, "--architectures", 10, "--bands", 1)
    assert "seed 0" not in again.err
    assert "Top fifth kept" in again.out
    assert "Optimum of r_D" in again.out
    assert "What the fidelity rungs is worth" in (folder / "report.html").read_text()


def test_a_search_climbs_the_ladder(command: Callable[..., Result], config: Path, tmp_path: Path) -> None:
    result = command("search", config, "--output", tmp_path / "run", "--json")
    assert result.code == 0, result.err
    run = json.loads(result.out)
    places = [place(evaluation["batch"], 2) for evaluation in run["evaluations"]]
    assert [evaluation["rungs_above"] for evaluation in run["evaluations"]] == [1 - p.rung for p in places]
    highest = {e["key"] for e in run["evaluations"] if not e["rungs_above"]}
    assert highest
    assert set(run["front"]) <= highest
    for evaluation in run["evaluations"]:
        assert evaluation["fidelity"]["epochs"] == (1 if evaluation["rungs_above"] else 2)
        assert ("test_robust_accuracy" in evaluation["metrics"]) == (not evaluation["rungs_above"])


def test_a_ladder_needs_rungs_and_enough_networks(command: Callable[..., Result], config: Path, tmp_path: Path) -> None:
    many = command("fidelity", config, "--architectures", 300, "--output", tmp_path / "many")
    assert many.code == 2
    assert "the space holds 216 networks; ask for at most as many, not 300" in many.err
    content = {**CONFIG, "evaluator": {"train": {**CONFIG["evaluator"]["train"], "rungs": []}}}
    config.write_text(yaml.safe_dump(content))
    none = command("fidelity", config, "--output", tmp_path / "none")
    assert none.code == 2
    assert "the evaluator has one fidelity only" in none.err
