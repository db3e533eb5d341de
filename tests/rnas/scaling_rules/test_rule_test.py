"""A test of a rule: predicted before anything is evaluated, and never again."""

import json
from pathlib import Path

import pytest
import yaml

import rnas
from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._predict import predict_at_budgets
from rnas.scaling_rules._rule_test_settings import RuleTestSettings
from rnas.scaling_rules.candidates import BudgetCandidates
from rnas.scaling_rules.out_of_sample import notes_of
from rnas.scaling_rules.prediction import TOLERANCE, written
from rnas.scaling_rules.rule_test import RuleTest
from rnas.utils.quantities import Band
from tests.rnas.synthetic_evaluator import run_in_memory

FLOPS = 300_000


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("searched") / "run"
    rnas.search(space="digits-bench", budget=60, strategy="random", workers=0, output=path)
    return path


def test_it_is_predicted_when_it_is_made_and_resumes_in_the_search(search: Path) -> None:
    made = RuleTest.create(RuleTestSettings(search=search, flops="300K"))
    assert made.path == search / "rule-test-1"
    prediction = written(made.path)
    assert prediction is not None
    # Results are looked up: there is one seed.
    assert prediction.seeds == (1,)
    with pytest.raises(InputError, match="has not ended: resume it with rnas resume"):
        RuleTest.open(made.path).result()
    result = rnas.resume(made.path)
    assert result.prediction == prediction
    assert json.loads((made.path / "result.json").read_text()) == json.loads(json.dumps(result.to_dict()))
    assert [note for note in result.notes if "before this one" in note] == []
    again = rnas.test_rule(search, ["300K"], metric="clean_accuracy")
    assert again.prediction.metric == "clean_accuracy"
    assert any("had 1 test of its rule before this one" in note for note in again.notes)


def test_what_was_predicted_must_stay(search: Path, tmp_path: Path) -> None:
    made = RuleTest.create(RuleTestSettings(search=search, flops=FLOPS, seeds=1), tmp_path / "test")
    config = yaml.safe_load(made.config.read_text())
    assert config["search"] == str(search)
    made.config.write_text(yaml.safe_dump({**config, "flops": [400_000]}))
    with pytest.raises(InputError, match="does not answer"):
        rnas.resume(made.path)
    made.config.write_text(yaml.safe_dump(config))
    (path,) = made.path.glob("prediction-*.json")
    path.unlink()
    with pytest.raises(InputError, match="holds no prediction"):
        rnas.resume(made.path)


def test_what_cannot_be_predicted_makes_no_directory(search: Path, tmp_path: Path) -> None:
    for flops, metric, message in (
        ((), None, "name the budgets"),
        ("300K", "luck", "has a metric 'luck'; it has clean"),
    ):
        with pytest.raises(InputError, match=message):
            rnas.test_rule(search, flops, metric=metric, output=tmp_path / "test")
    assert not (tmp_path / "test").exists()


def test_a_table_gives_the_nearest_that_it_holds() -> None:
    bench = run_in_memory({"space": "digits-bench", "evaluator": {"digits-bench": {}}}, 30)
    found = predict_at_budgets(bench, (FLOPS,), Band(), (1,), "robust_accuracy")
    assert notes_of(bench.setup)[0].startswith("Scores were looked up")
    assert found.budgets[0].candidates[0].chosen == "nearest in the table"
    for own in found.budgets[0].candidates:
        assert abs(own.flops / FLOPS - 1) <= TOLERANCE
        (known,) = bench.setup.evaluator.known([own.network])
        assert known["flops"] == own.flops
    budget_candidates = BudgetCandidates(
        bench.setup, "robust_accuracy", bench.complete, bench.complete, 5_000_000, TOLERANCE
    )
    with pytest.raises(InputError, match="no network of space 'digits-bench' that can be evaluated has 5M FLOPs"):
        budget_candidates.by_rule(Rule())
