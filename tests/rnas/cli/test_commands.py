"""Commands as their user runs them."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from rnas.cli import main
from rnas.nas.presets import preset
from rnas.nas.search import Search

CONFIG = {
    "space": {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3]}},
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [
        {"metric": "score", "direction": "maximize"},
        {"metric": "flops", "direction": "minimize"},
    ],
    "strategy": "nsga2",
    "budget": 9,
    "workers": 0,
}


@pytest.fixture
def rnas(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, str]]:
    """Runs a command that succeeds; what it wrote to stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words: object) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["rnas", *map(str, words)])
        with pytest.raises(SystemExit) as exit_:
            main()
        output = capsys.readouterr()
        assert exit_.value.code == 0, output.err
        return output.out, output.err

    return run


def test_search_report_and_resume(rnas, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    run = tmp_path / "run"
    out, err = rnas("search", tmp_path / "config.yaml", "--output", run)
    assert f"Report: {run / 'report.html'}" in " ".join(out.split("\n"))
    assert len([line for line in err.splitlines() if "/9  " in line]) == 9
    for name in ("config.yaml", "ledger.db", "report.html", "pareto.csv"):
        assert (run / name).stat().st_size > 0
    front = [record.key for record in Search.open(run).result().front()]
    assert sorted(path.stem for path in (run / "architectures").iterdir()) == sorted(front)
    assert all(key in out for key in front)

    out, err = rnas("resume", run, "--budget", 12, "--json")
    content = json.loads(out)
    assert "12 evaluations, 9 of them finished before, 1 at once" in err
    assert len(content["evaluations"]) == len(content["hypervolume"]) == 12
    assert content["config"]["budget"] == 12
    out, _ = rnas("report", run, "--json")
    assert json.loads(out) == content


def test_report_json_is_the_agreed_document(rnas, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    rnas("search", tmp_path / "config.yaml", "--output", tmp_path / "run")
    content = json.loads(rnas("report", tmp_path / "run", "--json")[0])
    assert content["schema_version"] == 1
    assert [o["metric"] for o in content["objectives"]] == ["score", "flops"]
    assert len(content["reference_point"]) == 2
    assert content["hypervolume"] == sorted(content["hypervolume"])
    for number, evaluation in enumerate(content["evaluations"]):
        assert evaluation["number"] == number
        assert evaluation["status"] == "complete"
        assert {"key", "architecture", "metrics", "fidelity", "seed"} <= set(evaluation)
        assert evaluation["metrics"]["flops"] > 0
    assert set(content["front"]) <= {evaluation["key"] for evaluation in content["evaluations"]}


def test_a_run_without_a_name_is_given_the_next_number(rnas, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "budget": 2}))
    for _ in range(2):
        rnas("search", "config.yaml")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "wide-resnet-depths-1",
        "wide-resnet-depths-2",
    ]


def test_failures_are_told_and_do_not_stop_the_search(rnas, tmp_path: Path) -> None:
    config = {**CONFIG, "evaluator": {"call": "tests.rnas.cli.scores:troubled"}, "time_limit": 0.1, "budget": 30}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    _, err = rnas("search", tmp_path / "config.yaml", "--output", tmp_path / "run")
    statuses = [record.status for record in Search.open(tmp_path / "run").result().records]
    assert len(statuses) == 30
    assert {"complete", "diverged", "out-of-memory", "timeout", "failed"} == set(statuses)
    assert "out-of-memory: " in err
    html = (tmp_path / "run" / "report.html").read_text()
    assert "out-of-memory" in html


def test_dry_run_prints_the_cost_estimate_and_makes_nothing(rnas, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = [
        "--flops",
        "700K:800K",
        "--set",
        "evaluator.train.evaluation.steps=1",
        "--set",
        "space.narrow.topology=[basic]",
    ]
    out, _ = rnas("search", *small, "--dry-run", "--json")
    estimate = json.loads(out)
    assert sum(one["count"] for one in estimate["work"]) == pytest.approx(preset("digits")["budget"])
    assert all(one["seconds"] > 0 and one["details"]["flops"] <= 800_000 for one in estimate["work"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["spaces"], "robust-resnet"),
        (["spaces", "robust-resnet"], "squeeze_excitation"),
        (["recipes"], "fgsm-rs"),
        (["presets"], "cifar10-day"),
        (["presets", "digits"], "space:"),
        (["doctor"], "torch"),
        (["search", "--help"], "--dry-run"),
        (["--help"], "doctor"),
    ],
)
def test_what_there_is(rnas, words: list[str], expected: str) -> None:
    assert expected in rnas(*words)[0]


@pytest.mark.parametrize(
    "words",
    [["spaces"], ["spaces", "wide-resnet-34-depths"], ["recipes"], ["presets"], ["presets", "digits"], ["doctor"]],
)
def test_json_is_one_document(rnas, words: list[str]) -> None:
    assert json.loads(rnas(*words, "--json")[0])


def test_a_build_for_cpus_beside_an_nvidia_card_is_named(rnas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cuda", "hip"):
        monkeypatch.setattr(torch.version, name, None)
    assert f"torch {torch.__version__} is a build for CPUs alone)" in rnas("doctor")[0]
    program = tmp_path / "nvidia-smi"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert "there is an NVIDIA driver, but torch" in rnas("doctor")[0]
