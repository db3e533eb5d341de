import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from rnas import registry
from rnas.report._details import details, formats, pack
from rnas.report._drawing import draw
from rnas.utils._metric import metrics_of

Run = dict[str, Any]


def unpacked(run: Run) -> list[dict[str, list[Any]]]:
    parts = pack(details(run, metrics_of(run)))["parts"]
    return [json.loads(zlib.decompress(base64.b64decode(part))) for part in parts]


def test_everything_recorded_is_told(trained_run: Run) -> None:
    [part] = unpacked(trained_run)
    evaluations = trained_run["evaluations"]
    assert [json.loads(text) for text in part["architecture"]] == [e["architecture"] for e in evaluations]
    assert part["variables"] == [e["parameters"] for e in evaluations]
    assert part["drawing"] == [draw(e["architecture"]) for e in evaluations]
    assert part["source"][0] == f"{{}}:{evaluations[0]['key']}"
    record = dict(part["record"][20])
    assert record["proposed from"] == "20 results"
    assert record["predicted"].startswith("robust accuracy 70.0")
    assert record["fidelity"] == "epochs 6, batch size 64"
    assert part["curve"][0]["epoch"] == [1, 2, 3, 4, 5, 6]
    assert part["curve"][0]["loss"] == pytest.approx([point["loss"] for point in evaluations[0]["curve"]], rel=1e-4)
    assert ["evaluation.epsilon", "3/20"] in part["provenance"][0]
    assert set(part["intervals"][0]) == {
        "robust_accuracy",
        "clean_accuracy",
        "test_robust_accuracy",
        "test_clean_accuracy",
    }


def test_a_failure_has_a_reason_and_nothing_to_export(trained_run: Run) -> None:
    [part] = unpacked(trained_run)
    assert dict(part["record"][7])["reason"] == "loss is not finite at step 12 of epoch 2"
    assert part["source"][7] == ""
    assert part["intervals"][7] == {}


def test_a_long_run_is_in_parts_and_draws_its_front_alone(run_of: Callable[..., Run]) -> None:
    run = run_of(2001)
    parts = unpacked(run)
    assert [len(part["source"]) for part in parts] == [250] * 8 + [1]
    drawn = [bool(drawing) for part in parts for drawing in part["drawing"]]
    front = set(run["front"])
    assert drawn == [e["key"] in front for e in run["evaluations"]]


def test_every_format_has_the_suffix_that_its_file_must_have() -> None:
    suffixes = {one["name"]: one["suffix"] for one in formats()}
    assert set(suffixes) == set(registry.names(registry.EXPORTS))
    assert next(iter(suffixes)) == "standalone"
    assert (suffixes["standalone"], suffixes["onnx"], suffixes["hugging-face"]) == (".py", ".onnx", "")
