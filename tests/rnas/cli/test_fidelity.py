import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rnas.nas._rungs import position_of
from rnas.nas.search import Search
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
def test_rungs_are_studied_and_reported_with_their_search(
    command: Callable[..., Result], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = command("fidelity", config, "--architectures", 10, "--bands", 1, "--json")
    assert result.code == 0, result.err
    study = json.loads(result.out)
    (quality,) = study["quality"]
    assert (study["architectures"], study["seeds"], study["failures"], quality["architectures"]) == (10, 2, 0, 10)
    assert {shift["quantity"] for shift in study["shifts"]} == {"r_D", "D3", "W3"}
    assert result.err.count("seed") == 10 * 2 * 2
    folder = tmp_path / "runs" / "digits-bench-1"
    own = folder / "fidelity-1"
    assert json.loads((own / "result.json").read_text()) == study
    assert yaml.safe_load((own / "config.yaml").read_text())["search"] == ".."
    again = command("resume", own)
    assert "seed 0" not in again.err
    assert "Top fifth promoted" in again.out
    assert "Optimum of r_D" in again.out
    assert "How well the lower rungs rank networks" in (folder / "report.html").read_text()
    # The search itself has not begun, and still can.
    assert command("resume", folder).code == 0
    assert Search.open(folder).result().to_dict()["fidelity"] == [study]


def test_a_search_promotes_to_higher_rungs(command: Callable[..., Result], config: Path, tmp_path: Path) -> None:
    result = command("search", config, "--output", tmp_path / "run", "--json")
    assert result.code == 0, result.err
    run = json.loads(result.out)
    positions = [position_of(evaluation["batch"], 2) for evaluation in run["evaluations"]]
    assert [evaluation["rung"] for evaluation in run["evaluations"]] == [position.rung for position in positions]
    with Search.open(tmp_path / "run").storage() as storage:
        (study,) = storage.get_all_studies()
        # Optuna ranks trials by their values, which are those of the highest rung alone.
        ranked = [trial.values is not None for trial in storage.get_all_trials(study._study_id)]
    assert ranked == [position.rung == 1 for position in positions]
    highest = {e["key"] for e in run["evaluations"] if e["rung"] == 1}
    assert highest
    assert set(run["front"]) <= highest
    for evaluation in run["evaluations"]:
        assert evaluation["fidelity"]["epochs"] == (2 if evaluation["rung"] == 1 else 1)
        assert ("test_robust_accuracy" in evaluation["metrics"]) == (evaluation["rung"] == 1)


def test_a_study_needs_rungs_and_enough_networks(
    command: Callable[..., Result], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    many = command("fidelity", config, "--architectures", 300)
    assert many.code == 2
    assert "the space holds 216 networks; ask for at most as many, not 300" in many.err
    content = {**CONFIG, "evaluator": {"train": {**CONFIG["evaluator"]["train"], "rungs": []}}}
    config.write_text(yaml.safe_dump(content))
    none = command("fidelity", config)
    assert none.code == 2
    assert "the evaluator has one fidelity only" in none.err
    assert not list(tmp_path.glob("runs/*/fidelity-*"))
