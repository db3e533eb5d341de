"""Members of searches: networks that were really trained and attacked, tables, functions."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

import rnas
from rnas.errors import InputError
from rnas.experiments.reproduction._find import find
from rnas.experiments.reproduction.judgement import EXACTLY, NOT, UNJUDGED, WITHIN, image_interval
from rnas.experiments.reproduction.reproduce import Reproduction
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.networks import architecture as arch
from search_spaces.digits_bench import DigitsBenchSpace
from tests.rnas.experiments.reproduction.records import CONFIG, change, hashes

LATER: dict[str, Any] = {"versions": {"torch": "1.0"}}


def statuses(reproduction: Reproduction) -> dict[str, str]:
    return {metric.name: metric.status for metric in reproduction.metrics}


def refuted(reproduction: Reproduction) -> list[str]:
    assert reproduction.status == NOT
    assert all(metric.found is None for metric in reproduction.metrics)
    assert "Nothing was evaluated" in reproduction.notes[-1]
    return [check.name for check in reproduction.checks if check.refutes]


def test_from_its_checkpoint_a_member_is_found_again_to_the_last_bit(searched: Path, tmp_path: Path) -> None:
    before = hashes(searched)
    found = rnas.reproduce(f"{searched}:knee", output=tmp_path / "reproduction.json")
    assert found.source == "checkpoint"
    assert set(statuses(found).values()) == {found.status} == {EXACTLY}
    assert {"robust_accuracy", "test_robust_accuracy", "robust_margin"} <= statuses(found).keys()
    assert all(check.same for check in found.checks)
    assert {"key", "params", "flops", "weights", "recipe", "data", "evaluation"} <= {
        check.name for check in found.checks
    }
    assert "seed 7" in found.conditions["training"]
    assert "epsilon 3/20" in found.conditions["ball"]
    assert found.conditions["images"].startswith("60 of the search_val split; 40 of the test split")
    content = json.loads((tmp_path / "reproduction.json").read_text())
    assert content == json.loads(json.dumps(found.to_dict()))
    assert content["reproduced"] is True
    assert hashes(searched) == before


def test_from_scratch_it_is_trained_to_the_same_bits(searched: Path) -> None:
    found = rnas.reproduce(f"{searched}:knee", source="scratch")
    assert found.status == EXACTLY
    assert "The new training equals the recorded one for 2 epochs, bit for bit." in found.notes
    assert "weights" not in {check.name for check in found.checks}


def test_further_seeds_show_the_luck_of_the_recorded_one(searched: Path) -> None:
    found = rnas.reproduce(f"{searched}:knee", seeds=2)
    assert (found.source, found.seeds, found.status) == ("scratch", (8, 9), EXACTLY)
    for metric in found.metrics:
        assert metric.seed_spread is not None
        low, high = metric.seed_spread.interval.low, metric.seed_spread.interval.high
        assert len(set(metric.seed_spread.values)) == 2 or not metric.name.endswith("margin")
        assert (metric.seed_spread.place == "inside") is (low <= metric.recorded <= high)


def test_a_changed_number_is_found_where_all_else_is_as_recorded(run: Path) -> None:
    change(run, lambda content: content["metrics"].update(robust_accuracy=content["metrics"]["robust_accuracy"] + 1e-6))
    found = rnas.reproduce(f"{run}:knee")
    own = statuses(found)
    assert own.pop("robust_accuracy") == found.status == NOT
    assert set(own.values()) == {EXACTLY}
    assert "the record was changed afterwards" in found.notes[-1]


@pytest.mark.parametrize(("by", "expected"), [(0.05, WITHIN), (0.4, NOT)])
def test_under_other_versions_a_number_lies_within_the_interval_or_not(run: Path, by: float, expected: str) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["provenance"] |= LATER
        content["metrics"]["test_clean_accuracy"] += by

    change(run, edit)
    found = rnas.reproduce(f"{run}:knee")
    own = statuses(found)
    assert own.pop("test_clean_accuracy") == found.status == expected
    assert set(own.values()) == {EXACTLY}
    (versions,) = [check for check in found.checks if check.name == "versions"]
    assert (versions.recorded, versions.same, versions.refutes) == ("torch 1.0", False, False)
    (metric,) = [metric for metric in found.metrics if metric.name == "test_clean_accuracy"]
    assert found.level == 0.05 / len(found.metrics)
    assert metric.interval == image_interval(metric.recorded, 40, level=found.level)


def test_rounding_judges_the_same_weights_and_not_others(run: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["provenance"] |= LATER
        content["metrics"]["sparsity"] += 0.01

    change(run, edit)
    assert statuses(rnas.reproduce(f"{run}:knee"))["sparsity"] == NOT
    anew = rnas.reproduce(f"{run}:knee", source="scratch")
    own = statuses(anew)
    assert (own.pop("sparsity"), anew.status) == (UNJUDGED, EXACTLY)
    assert set(own.values()) == {EXACTLY}
    assert "Not judged: sparsity." in anew.notes[-1]
    assert anew.notes[-1].endswith("give seeds=N.")


def test_a_record_of_a_cpu_is_reproduced_on_one_where_there_is_a_gpu_too(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = run / "config.yaml"
    before = config.read_text()
    config.write_text(before.replace("device: cpu", "device: auto"))
    assert config.read_text() != before
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    assert find(f"{run}:knee").on_cpu
    assert not find(f"{run}:knee", "auto").on_cpu
    change(run, lambda content: content["provenance"].update(device="NVIDIA H200"))
    assert not find(f"{run}:knee").on_cpu


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        (("metrics", "flops"), 1.0, "flops"),
        (("metrics", "params"), 1.0, "params"),
        (("provenance", "epsilon"), "8/255", "recipe"),
        (("provenance", "recipe_hash"), "0" * 12, "recipe"),
        (("provenance", "data", "hash"), "0" * 16, "data"),
        (("provenance", "evaluation", "steps"), 20, "evaluation"),
        (("provenance", "weights"), "0" * 16, "weights"),
    ],
)
def test_what_is_not_as_recorded_refutes_at_once(run: Path, path: tuple[str, ...], value: Any, name: str) -> None:
    def edit(content: dict[str, Any]) -> None:
        for part in path[:-1]:
            content = content[part]
        content[path[-1]] = value

    change(run, edit)
    assert refuted(rnas.reproduce(f"{run}:knee")) == [name]


def test_changed_weights_refute_and_lost_ones_are_told(run: Path) -> None:
    key = Search.open(run).result().front()[0].key
    path = run / "checkpoints" / f"{key}.safetensors"
    tensors = load_file(path)
    name = next(iter(tensors))
    save_file({**tensors, name: tensors[name] + 1e-3}, path)
    assert refuted(rnas.reproduce(path)) == ["weights"]
    path.unlink()
    for source in (None, "checkpoint"):
        with pytest.raises(InputError, match="its weights are not there; train the network again with source=scratch"):
            rnas.reproduce(f"{run}:{key}", source=source)  # type: ignore[arg-type]
    assert rnas.reproduce(f"{run}:{key}", source="scratch").status == EXACTLY


def test_records_from_before_weights_and_processor_were_kept(run: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        del content["provenance"]["weights"], content["provenance"]["processor"]

    change(run, edit)
    found = rnas.reproduce(f"{run}:knee")
    assert found.status == EXACTLY
    assert "The record does not hold: weights." in found.notes


@pytest.fixture
def looked_up(tmp_path: Path) -> Path:
    """A search over the rows of a table."""
    space = DigitsBenchSpace(DigitsBenchSpace.Settings(narrow=CONFIG["space"]["narrow"]), (1, 8, 8), 10)
    assert space.enumeration is not None
    with (tmp_path / "table.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["architecture", "robust_accuracy"])
        rows.writerows([arch.to_json(space.decode(genome)), 0.5] for genome in space.enumeration)
    evaluator = {"table": str(tmp_path / "table.csv"), "input_shape": [1, 8, 8]}
    rnas.search({**CONFIG, "evaluator": evaluator}, budget=1, output=tmp_path / "run")
    return tmp_path / "run"


def test_a_row_of_a_table_is_equal_or_not(looked_up: Path) -> None:
    result = f"{looked_up}:knee"
    found = rnas.reproduce(result)
    assert (found.source, statuses(found)) == ("table", {"robust_accuracy": EXACTLY})
    assert [check.name for check in found.checks] == ["key", "params", "flops", "table"]
    for given in ({"source": "scratch"}, {"source": "checkpoint"}, {"seeds": 2}):
        with pytest.raises(InputError, match="was read from a table: leave source and seeds out"):
            rnas.reproduce(result, **given)  # type: ignore[arg-type]
    change(looked_up, lambda content: content["metrics"].update(robust_accuracy=0.5 + 1e-9))
    assert statuses(rnas.reproduce(result)) == {"robust_accuracy": NOT}
    table = looked_up.parent / "table.csv"
    table.write_text(table.read_text().replace("0.5", "0.6"))
    assert refuted(rnas.reproduce(result)) == ["table"]


def test_what_a_function_gave_is_asked_of_it_again(finished_run: SearchResult) -> None:
    assert finished_run.path is not None
    found = rnas.reproduce(f"{finished_run.path}:knee")
    assert (found.source, statuses(found)) == ("scratch", {"score": EXACTLY})


def test_provenance_of_another_form_is_no_obstacle(tmp_path: Path) -> None:
    evaluator = {"call": "tests.rnas.experiments.reproduction.records:with_provenance"}
    objectives = [{"metric": "score", "direction": "maximize", "reference": 0}]
    rnas.search({**CONFIG, "evaluator": evaluator, "objectives": objectives}, budget=1, output=tmp_path / "run")
    found = rnas.reproduce(f"{tmp_path / 'run'}:knee")
    assert (statuses(found), found.conditions["seed"]) == ({"score": EXACTLY}, "7")


def test_one_that_failed_has_nothing_to_verify(run: Path) -> None:
    key = Search.open(run).result().records[0].key
    change(run, lambda content: content.update(status="diverged", metrics={}, reason="the loss is not finite"))
    with pytest.raises(InputError, match=r"no result to reproduce \(diverged: the loss is not finite\)"):
        rnas.reproduce(f"{run}:{key}")
