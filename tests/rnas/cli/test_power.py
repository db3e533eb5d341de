import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import rnas
from rnas.networks.robust_scaling import Rule
from rnas.report._power import coverage_table, sentences, verdicts_table
from rnas.scaling_rules.power import ROBUST_SCALING, Coverage, GroundTruth, PowerStudy, Tally
from rnas.scaling_rules.verdict import Verdict
from rnas.utils._metric import Metric
from tests.rnas.cli.conftest import Result

WEAK, STRONG = (GroundTruth(ROBUST_SCALING, Rule(), effect, 0.02) for effect in (0.01, 0.04))
RIVAL = GroundTruth("nothing decides", None, 0.0, 0.05)
POWER_STUDY = PowerStudy(
    evaluations=150,
    simulations=20,
    claims={RIVAL.name: 1},
    tallies=(
        Tally(RIVAL, "depth shares", True, {Verdict.NOT_IDENTIFIED.value: 19, Verdict.EDGE.value: 1}),
        Tally(WEAK, "depth shares", True, {Verdict.NOT_IDENTIFIED.value: 20}),
        Tally(STRONG, "depth shares", True, {Verdict.AGREES.value: 17, Verdict.DIFFERS.value: 3}),
        Tally(STRONG, "width shares", False, {Verdict.EDGE.value: 20}),
    ),
    coverage=(Coverage("D1", 90, 100, 0.08), Coverage("D2", 95, 100, 0.05)),
)


def test_false_verdicts_power_and_coverage_in_words() -> None:
    assert sentences(POWER_STUDY) == [
        "Where nothing decides, a rule of depth and width is claimed in 1 of 20; 5% is its level.",
        "RobustScaling's depth shares, true and worth 2 times the noise: recognised in 17 of 20, "
        "wrongly said to differ in 3.",
        "RobustScaling's width shares: outside of what was searched, and can be neither found nor refuted.",
        "The 90 % intervals hold the true value in 185 of 200 cases, 92%.",
    ]


def test_in_tables() -> None:
    shares = verdicts_table(POWER_STUDY, Metric("robust_accuracy", "proportion"))
    assert shares.rows[0] == ("nothing decides", "", "depth shares", "0", "0", "1", "0", "19", "")
    assert shares.rows[2] == (ROBUST_SCALING, "4.0 points", "depth shares", "17", "3", "0", "0", "0", "")
    assert shares.rows[3][-1] == "outside of what was searched"
    assert verdicts_table(POWER_STUDY, Metric("robust_margin")).rows[1][1] == "0.01"
    four = Tally(
        GroundTruth("1:1:1:1, r_D .50", Rule(), 0.1, 0.1), "depth shares", True, {Verdict.IDENTIFIED.value: 20}
    )
    alone = verdicts_table(replace(POWER_STUDY, tallies=(four,)), Metric("robust_margin"))
    assert alone.headings[3:7] == ("identified", "edge", "capacity", "not identified")
    assert alone.rows[0][3:7] == ("20", "0", "0", "0")
    assert coverage_table(POWER_STUDY).rows[0] == ("D1", "90 of 100", "90%", "\u00b10.08")


@pytest.mark.slow
def test_the_power_of_a_run_is_simulated(command: Callable[..., Result], tmp_path: Path) -> None:
    rnas.search(space="digits-bench", budget=24, strategy="random", workers=0, output=tmp_path / "run")
    words = ("power", tmp_path / "run", "--simulations", 1, "--workers", 1)
    shown = command(*words)
    assert shown.code == 0, shown.err
    assert "8 simulations, 1 at once: about " in shown.err
    assert "90 % intervals" in shown.out
    power_study = json.loads(command(*words, "--json").out)
    assert power_study["evaluations"] == 24
    assert len(power_study["tallies"]) == 8 * 3
