"""``rnas rules`` on a search of the table of digits, and what becomes of its rule."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import rnas
from tests.rnas.cli.conftest import Result


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("rules") / "run"
    rnas.search(space="digits-bench", budget=40, strategy="random", workers=0, output=path)
    return path


@pytest.mark.slow
def test_a_rule_is_told_kept_saved_and_scaled_with(command: Callable[..., Result], run: Path, tmp_path: Path) -> None:
    saved, page = tmp_path / "rule.json", tmp_path / "rules.html"
    result = command("rules", run, "--save", saved, "--html", page)
    assert result.code == 0, result.err
    for heading in (
        "Depth shares: ",
        "Width shares: ",
        "Depth to width: ",
        "RobustScaling",
        "The paper's estimate",
        "Block",
    ):
        assert heading in result.out
    found = json.loads((run / "rules.json").read_text())
    assert [quantity["name"] for family in found["families"] for quantity in family["quantities"]] == [
        *("D1", "D2", "D3", "W1", "W2", "W3"),
        "r_D",
    ]
    assert "Rules of depth and width" in (run / "report.html").read_text()
    assert "<title>run" in page.read_text()
    scaled = command("scale", "--flops", "100M", "--block", "basic", "--rule", saved, "--json")
    assert scaled.code == 0, scaled.err
    rule = json.loads(scaled.out)["rule"]
    assert (rule["evaluations"], rule["ledger"]) == (40, found["ledger"])
    assert rule["depths"] == found["rule"]["depths"]


@pytest.mark.slow
def test_as_json_for_another_metric(command: Callable[..., Result], run: Path) -> None:
    result = command("rules", run, "--metric", "clean_accuracy", "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["metric"] == "clean_accuracy"
    unknown = command("rules", run, "--metric", "beauty")
    assert unknown.code == 2
    assert "has a metric 'beauty'; it has" in unknown.err


def test_what_holds_no_rule_is_refused_in_one_line(command: Callable[..., Result], tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    content = {
        "space": "nas-bench-201",
        "evaluator": {"call": "tests.rnas.cli.scores:zeroized"},
        "objectives": [{"metric": "score", "direction": "maximize"}],
        "strategy": "random",
        "budget": 3,
        "workers": 0,
    }
    config.write_text(yaml.safe_dump(content))
    assert command("search", config, "--output", tmp_path / "cells").code == 0
    refused = command("rules", tmp_path / "cells")
    assert refused.code == 2
    assert refused.out == ""
    assert "a network of kind 'nas-bench-201' has no stages of blocks" in refused.err
    assert len(refused.err.strip().splitlines()) == 1
