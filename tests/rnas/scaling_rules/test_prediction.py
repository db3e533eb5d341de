import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.block import Block
from rnas.networks.residual import widened
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.prediction import RULE, UNIFORM, BudgetPrediction, Candidate, RulePrediction, written
from rnas.statistics.interval import Interval
from rnas.utils.quantities import Band


def candidate(name: str, depths: tuple[int, ...]) -> Candidate:
    network = widened(depths, (2, 1, 1), Block(topology="bottleneck"))
    flops = network.cost((3, 32, 32), 10).flops
    return Candidate(name, network, arch.key(network), flops, "scaled", Interval(0.5, 0.4, 0.6))


PREDICTION = RulePrediction(
    run="run",
    fingerprint="abc",
    ledger="0" * 64,
    metric="robust_accuracy",
    fitted=40,
    fitted_flops=(1_000_000, 2_000_000),
    fit=Band(0, 2_000_000),
    rule=Rule((1.1, 1 / 3, 1), (1, 2, 1), 0.7),
    uniform=Rule((1, 1, 1), (1, 1, 1), 1),
    base="0123456789ab",
    verdicts={"depth shares": "not identified"},
    seeds=(1, 2, 3),
    tolerance=0.05,
    budgets=(
        BudgetPrediction(
            4_000_000,
            (candidate(RULE, (2, 2, 1)), candidate(UNIFORM, (1, 2, 2))),
            {UNIFORM: Interval(0.1, -0.1, 0.3)},
            {"searched": "nothing has these FLOPs"},
        ),
    ),
)


def test_it_reads_back_as_it_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "out_of_sample"
    assert written(folder) is None
    path = PREDICTION.write(folder)
    assert written(folder) == PREDICTION
    assert path.name == f"prediction-{PREDICTION.hash[:12]}.json"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == PREDICTION.hash
    assert [p.name for p in folder.iterdir()] == [path.name]


def test_the_hash_is_of_everything() -> None:
    others = [
        replace(PREDICTION, seeds=(1, 2)),
        replace(PREDICTION, ledger="1" * 64),
        replace(PREDICTION, rule=Rule((1.1, 0.3333333333333334, 1), (1, 2, 1), 0.7)),
        replace(PREDICTION, budgets=(replace(PREDICTION.budgets[0], gains={UNIFORM: Interval(0.1, -0.1, 0.31)}),)),
    ]
    assert len({PREDICTION.hash, *(other.hash for other in others)}) == 5


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = PREDICTION.write(tmp_path)
    content = json.loads(path.read_text())
    content["budgets"][0]["gains"]["uniform"]["low"] = -0.2
    path.write_text(json.dumps(content, sort_keys=True, indent=2) + "\n")
    with pytest.raises(InputError, match="was changed after it was written"):
        written(tmp_path)


def test_two_predictions_are_refused(tmp_path: Path) -> None:
    PREDICTION.write(tmp_path)
    replace(PREDICTION, fitted=41).write(tmp_path)
    with pytest.raises(InputError, match="holds 2 predictions"):
        written(tmp_path)


def test_what_is_no_prediction_is_refused(tmp_path: Path) -> None:
    text = '{"run": "run"}\n'
    (tmp_path / f"prediction-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json").write_text(text)
    with pytest.raises(InputError, match="no prediction of this version: fingerprint: Field required"):
        written(tmp_path)


def test_the_question_it_answers() -> None:
    question = (4_000_000,), Band(0, 2_000_000), 3, "robust_accuracy"
    assert PREDICTION.asks(*question)
    others = (4_000_000, 8_000_000), Band(), 5, "clean_accuracy"
    for place, other in enumerate(others):
        assert not PREDICTION.asks(*question[:place], other, *question[place + 1 :])


def test_widths_are_in_multiples_of_the_base_channels() -> None:
    assert candidate(RULE, (2, 2, 1)).setting == "D = 2,2,1; W = 2,1,1"
