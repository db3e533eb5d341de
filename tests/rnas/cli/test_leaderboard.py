"""From evaluations to ranked tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

import rnas
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from tests.rnas.report.results import result

Command = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three results, one of them within another radius."""
    wider = result("wider", range(80))
    wider["threats"][0]["epsilon"] = "16/255"
    flag = {"name": "zero-gradient-margin", "explanation": "A third is zero.", "value": 0.33, "threshold": 0.05}
    for content in (result("best", range(200)), result("worse", range(150), flags=[flag]), wider):
        (tmp_path / f"{content['name']}.json").write_text(json.dumps(content))
    return tmp_path


def test_pages_are_written_and_tables_printed(command: Command, folder: Path) -> None:
    done = command("leaderboard", folder)
    assert (done.code, done.err) == (0, "")
    words = " ".join(done.out.split())
    for said in ("Table 1: cifar10, linf 8/255", "separate from table 1 because of threat linf 16/255", "50.00"):
        assert said in words
    assert "worse: zero-gradient-margin. A third is zero." in words
    assert "leaderboard.html" in done.out
    page = (folder / "leaderboard.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "zero-gradient-margin" in page
    assert (folder / "leaderboard.md").read_text().startswith("# Robust accuracy")
    # What it wrote is no result, so it can be run again.
    assert command("leaderboard", folder).out == done.out
    assert (folder / "leaderboard.html").read_text() == page


def test_json_is_printed_and_nothing_written(command: Command, folder: Path) -> None:
    done = command("leaderboard", folder, "--json")
    assert done.code == 0
    first, second = json.loads(done.out)["tables"]
    assert [network["name"] for network in first["networks"]] == ["best", "worse"]
    assert first["networks"][1]["p_value"] < 1e-9
    assert [network["name"] for network in second["networks"]] == ["wider"]
    assert {path.suffix for path in folder.iterdir()} == {".json"}


def test_a_foreign_file_is_one_line_and_nothing_is_written(command: Command, folder: Path) -> None:
    (folder / "net.json").write_text('{"kind": "residual"}')
    done = command("leaderboard", folder)
    assert (done.code, done.out) == (2, "")
    assert "net.json: not a result of rnas evaluate" in done.err
    assert done.err.count("\n") == 1
    assert not (folder / "leaderboard.html").exists()


def test_what_evaluate_writes_is_read(command: Command, tmp_path: Path) -> None:
    results = tmp_path / "results"
    for name in ("one", "two"):
        network, weights = tmp_path / f"{name}.json", tmp_path / f"{name}.safetensors"
        smallest = ResidualNetwork(depths=(1, 1, 1), channels=(2, 2, 2), stem_width=2)
        network.write_text(json.dumps(arch.to_dict(smallest)))
        save_file(rnas.load(network, input_shape=(1, 8, 8)).state_dict(), weights)
        words = ("--weights", weights, "--data", "digits", "--images", 30, "--attacks", "fgsm,pgd2", "--device", "cpu")
        done = command("evaluate", network, *words, "-o", results)
        assert done.code == 0, done.err
    done = command("leaderboard", results, "--json")
    assert done.code == 0, done.err
    (table,) = json.loads(done.out)["tables"]
    assert len(table["networks"]) == 2
    assert set(table["networks"][0]["attacks"]) == {"fgsm", "pgd2"}
    assert table["setting"]["threat"] == "linf 3/20"
    assert any("Digits" in note for note in table["notes"])
