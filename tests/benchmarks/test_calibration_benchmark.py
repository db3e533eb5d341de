"""The calibration of rules: what is planted, its results file, and that it goes on where it was."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnas.scaling_rules.observations import Observations

FOLDER = Path(__file__).parents[2] / "benchmarks" / "rules"


@pytest.fixture(scope="module")
def benchmark() -> Iterator[Any]:
    """The files of the benchmark by name, imported as they import each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        names = ("synthetic", "calibration_summary", "calibration")
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})


@pytest.fixture(scope="module")
def networks(benchmark: Any) -> Observations:
    found: Observations = benchmark.synthetic.observed(
        benchmark.synthetic.problem().space.sample(60, np.random.default_rng(0))
    )
    return found


def line(benchmark: Any, ratio: str, form: str, seed: int, held: bool, claims: int = 0) -> dict[str, Any]:
    names = ("D1", "D2", "D3", "W1", "W2", "W3", "r_D")
    low, high = (0.1, 0.8) if held else (0.9, 0.95)
    return {
        "design": "unbiased",
        "ratio": ratio,
        "form": form,
        "seed": seed,
        "networks": benchmark.synthetic.NETWORKS,
        "effect": benchmark.synthetic.EFFECT,
        "noise": benchmark.synthetic.NOISE,
        "batch": benchmark.synthetic.BATCH,
        "verdicts": {"depth shares": "CAPACITY"},
        "claims": claims,
        "intervals": {name: {"value": 0.5, "low": low, "high": high} for name in names},
    }


def test_scores_are_what_is_planted(benchmark: Any, networks: Observations) -> None:
    scores = {truth.ratio: truth.score(networks) for truth in benchmark.synthetic.TRUTHS if truth.rule is None}
    assert set(scores) == {"params", "FLOPs", "nothing"}
    assert scores["params"] == pytest.approx(np.log(networks.params))
    planted = [truth for truth in benchmark.synthetic.TRUTHS if truth.rule is not None]
    assert len(planted) == 9
    assert len({truth.score(networks).tobytes() for truth in planted}) == 9
    (rule,) = {truth.rule for truth in planted if truth.ratio == "3:1:2"}
    assert (rule.depths, rule.widths, round(rule.depth_share, 9)) == ((3, 1, 2), (3, 1, 2), 0.4)


def test_tables_count_coverage_and_claims(benchmark: Any) -> None:
    lines = [line(benchmark, "2:2:1", "tent", seed, held=seed < 3) for seed in range(4)]
    lines += [line(benchmark, "params", "", seed, held=False, claims=int(seed == 0)) for seed in range(2)]
    tables = benchmark.calibration_summary.markdown(lines)
    covered = next(row for row in tables.splitlines() if "tent" in row)
    assert covered.startswith("| unbiased | 2:2:1 | tent | 4 | 75% ±0.27 |")
    assert "| unbiased | params | 2 | 1 (9% to 91%) | 2 capacity |" in tables
    text = "a\n<!-- calibration: begin -->\nstale\n<!-- calibration: end -->\nb\n"
    replaced = benchmark.calibration_summary.replaced(text, tables)
    assert tables in replaced
    assert "stale" not in replaced
    assert replaced.endswith("<!-- calibration: end -->\nb\n")


def test_what_is_there_is_not_simulated_again(
    benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "results.jsonl"
    calibration = benchmark.calibration
    for truth in benchmark.synthetic.TRUTHS:
        calibration.append(file, line(benchmark, truth.ratio, truth.form, 0, held=True))
    file.write_text(file.read_text() + '{"design": "unbia')
    assert len(calibration.read(file)) == 12
    assert calibration.missing(calibration.read(file), ["unbiased"], 1) == []
    assert len(calibration.missing(calibration.read(file), ["unbiased", "searched"], 2)) == 36
    other = line(benchmark, "nothing", "", 1, held=True) | {"noise": 0.1}
    calibration.append(file, other)
    assert json.loads(file.read_text().splitlines()[-1]) == other
    assert len(calibration.read(file)) == 12
    monkeypatch.setattr(sys, "argv", ["calibration.py", "--designs", "unbiased", "--seeds", "1", "--json", str(file)])
    calibration.main()
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "| unbiased | 2:2:1 | tent | 1 | 100%" in shown.out


@pytest.mark.slow
@pytest.mark.parametrize("design", ["unbiased", "searched"])
def test_a_simulation_is_repeated_exactly(benchmark: Any, design: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark.synthetic, "NETWORKS", 60)
    truth = benchmark.synthetic.GroundTruth("2:2:1", "tent")
    once, again = (benchmark.calibration.simulate((design, truth, 0)) for _ in range(2))
    assert {**once, "cpu_seconds": 0} == {**again, "cpu_seconds": 0}
    assert set(once["verdicts"]) == {"depth shares", "width shares", "depth to width"}
    assert json.loads(json.dumps(once)) == once


@pytest.mark.slow
def test_a_searched_design_follows_the_scores_that_it_sees(benchmark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark.synthetic, "NETWORKS", 60)
    truth = benchmark.synthetic.GroundTruth("2:2:1", "tent")
    unbiased, searched = (benchmark.synthetic.designed(design, truth, 0) for design in ("unbiased", "searched"))
    assert len(unbiased) == len(searched) == 60
    adjusted = [truth.score(found) - np.log(found.flops) for found in (unbiased, searched)]
    assert adjusted[1][20:].mean() > adjusted[0].mean()
