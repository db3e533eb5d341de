"""Test a rule out of sample from the command line."""

import json
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import rnas
from rnas.nas.search import Search
from rnas.report._terminal import print_blocks
from rnas.report.rule_test import blocks
from tests.launcher import COMMAND, Program, run
from tests.rnas.cli.conftest import Result
from tests.rnas.cli.test_kill_and_resume import wait_until_gone
from tests.rnas.experiments_small import searched_for_a_rule
from tests.rnas.scaling_rules.test_out_of_sample import ALIKE, OURS, result
from tests.rnas.synthetic_evaluator import CONFIG as SYNTHETIC


def test_a_network_is_one_row_whatever_it_is_called() -> None:
    out = StringIO()
    noisy = [0.41, 0.36, 0.37, 0.36, 0.35]
    found = result(ALIKE, rule=OURS, robust_scaling=[0.3, 0.2], uniform=noisy)
    print_blocks(Console(file=out, width=200), blocks(found))
    lines = [line for line in out.getvalue().splitlines() if line]
    alike = [line for line in lines if "searched" in line and "the searched one" not in line]
    assert [line.startswith("uniform, searched ") for line in alike] == [True, True]
    assert "1 of 3 measured scores lie in their predicted interval." in lines
    assert any("predicted gain" in line for line in lines)
    assert any("corrected for 2 comparisons" in line for line in lines)


def folded(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_a_true_rule_beats_the_published_one(
    command: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    rnas.search(SYNTHETIC, output=folder)
    result = command("test-rule", folder, "--flops", "40M", "--json")
    assert result.code == 0, result.err
    content = json.loads(result.out)
    own = folder / "rule-test-1"
    assert json.loads((own / "result.json").read_text()) == content
    (path,) = own.glob("prediction-*.json")
    lines = result.err.splitlines()
    assert lines[:2] == [f"prediction {content['prediction']}", f"in {path}"]
    assert content["seeds"] == [1, 2, 3, 4, 5]
    (budget,) = content["budgets"]
    scaling = next(c for c in budget["comparisons"] if c["over"] == "robust-scaling")
    assert (scaling["verdict"], scaling["held"]) == ("better", True)
    assert scaling["interval"]["low"] > 0
    monkeypatch.setenv("COLUMNS", "200")
    again = command("resume", own)
    assert again.err.splitlines()[:2] == lines[:2]
    assert "seed 1" not in again.err
    assert "gain of the rule over" in again.out
    assert "At 40M FLOPs" in again.out

    path.write_text(path.read_text().replace('"tolerance": 0.05', '"tolerance": 0.06'))
    tampered = command("resume", own)
    assert (tampered.code, tampered.out, len(tampered.err.splitlines())) == (2, "", 1)
    assert "was changed after it was written" in tampered.err
    path.unlink()
    assert "holds no prediction: restore the file" in folded(command("resume", own).err)


@pytest.mark.slow
def test_killed_it_resumes_with_its_prediction(tmp_path: Path) -> None:
    folder = shutil.copytree(searched_for_a_rule(), tmp_path / "run")
    driver = Program(COMMAND, "test-rule", folder, "--flops", "550K", "--seeds", 3)
    announced = driver.stderr.readline()
    while "  seed " not in (line := driver.stderr.readline()):
        assert line, "it ended before it recorded anything"
    driver.kill()
    assert wait_until_gone(driver.pid) == []
    own = folder / "rule-test-1"
    assert not (own / "result.json").exists()
    done = run(COMMAND, "resume", own, "--json")
    content = json.loads(done.stdout)
    assert announced == f"prediction {content['prediction']}\n"
    assert "1/" not in [line.split()[0][:2] for line in done.stderr.splitlines() if "  seed " in line]
    (budget,) = content["budgets"]
    for candidate in budget["candidates"]:
        assert list(candidate["scores"]) == ["1", "2", "3"]
        assert abs(candidate["flops"] / 550_000 - 1) <= content["tolerance"]
    assert len(Search.open(folder).result().records) == 24


def test_bad_budgets_are_refused(command: Callable[..., Result], tmp_path: Path) -> None:
    none = command("test-rule", tmp_path / "none", "--flops", "4M")
    assert (none.code, "is not a search" in folded(none.err)) == (2, True)
    assert list(tmp_path.iterdir()) == []
