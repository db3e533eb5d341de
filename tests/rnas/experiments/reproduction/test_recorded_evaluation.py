"""Results of ``rnas evaluate``, image by image."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import rnas
from rnas.data.corruptions._published import published_rows
from rnas.data.corruptions.named import CORRUPTIONS
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation._request import Request
from rnas.evaluation.corruption_robustness import published_hash
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.evaluation.subject import images_hash
from rnas.evaluation.threats import parse_threat
from rnas.experiments.evaluate import evaluate_weights
from rnas.experiments.reproduction._find import find
from rnas.experiments.reproduction.judgement import EXACTLY, NOT, WITHIN
from rnas.experiments.training.training import Training

Content = dict[str, Any]


@pytest.fixture(scope="module")
def evaluated(ended: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result under two threats."""
    output = tmp_path_factory.mktemp("evaluated")
    threats = (parse_threat("linf:1/10"), parse_threat("l2:0.5"))
    request = Request(
        network=str(ended / "last.safetensors"),
        threats=threats,
        attacks=("pgd2",),
        images=40,
        flags=False,
        output=output,
    )
    evaluate_weights(request)
    (path,) = output.glob("*.json")
    return path


def changed(evaluated: Path, tmp_path: Path, edit: Callable[[Content], None]) -> Path:
    content = json.loads(evaluated.read_text())
    edit(content)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(content))
    return path


def judge_one_more_right(content: Content) -> None:
    """The first image that was wrong counts as right, in all places."""
    bits = f"{int(content['clean']['right'], 16):040b}"
    bits = bits.replace("0", "1", 1)
    correct = bits.count("1")
    content["clean"] |= {"right": f"{int(bits, 2):010x}", "correct": correct, "accuracy": correct / 40}


def test_it_is_found_again_image_by_image(evaluated: Path) -> None:
    found = rnas.reproduce(evaluated)
    assert (found.source, found.status) == ("checkpoint", EXACTLY)
    assert [metric.name for metric in found.metrics] == ["clean", "linf:1/10 pgd2", "l2:0.5 pgd2", "worst case"]
    same = {check.name for check in found.checks if check.same}
    assert {"weights", "images", "classes", "images trained on", "attacks", "images right"} <= same
    assert found.conditions["training"] == "recipe sat"
    assert found.level == 0.05 / 4


def test_one_image_more_is_found_here_and_noise_elsewhere(evaluated: Path, tmp_path: Path) -> None:
    found = rnas.reproduce(changed(evaluated, tmp_path, judge_one_more_right))
    assert [metric.name for metric in found.metrics if metric.status == NOT] == ["clean"]

    def elsewhere(content: Content) -> None:
        judge_one_more_right(content)
        content["processor"] = "another"

    found = rnas.reproduce(changed(evaluated, tmp_path, elsewhere))
    clean = found.metrics[0]
    assert (found.status, clean.status, clean.p_value) == (WITHIN, WITHIN, 1.0)


@pytest.mark.parametrize(
    ("edit", "name"),
    [
        (lambda content: content["worst_case"].update(accuracy=0.9), "images right"),
        (lambda content: content.update(flops=1), "flops"),
        (lambda content: content["weights"].update(sha256="0" * 64), "weights"),
        (lambda content: content["data"].update(images_hash="0" * 16), "images"),
        (lambda content: content["data"].update(classes=list("abcdefghij")), "classes"),
        (lambda content: content["attacks"][0]["settings"].update(steps=20), "attacks"),
    ],
)
def test_what_does_not_agree_refutes_at_once(
    evaluated: Path, tmp_path: Path, edit: Callable[[Content], None], name: str
) -> None:
    found = rnas.reproduce(changed(evaluated, tmp_path, edit))
    assert found.status == NOT
    assert [check.name for check in found.checks if check.refutes] == [name]


def test_images_that_the_weights_were_trained_on_refute(ended: Path, evaluated: Path, tmp_path: Path) -> None:
    seen = Training.open(ended).setup.splits["train"].first(40)

    def with_others(content: Content) -> None:
        content["data"] |= {"ids": seen.ids.tolist(), "images_hash": images_hash(seen)}

    found = rnas.reproduce(changed(evaluated, tmp_path, with_others))
    (refuting,) = [check for check in found.checks if check.refutes]
    assert (refuting.name, refuting.recorded, refuting.found) == ("images trained on", "0", "40")


def test_other_corrupted_images_refute(evaluated: Path, tmp_path: Path) -> None:
    rows = torch.tensor(json.loads(evaluated.read_text())["data"]["ids"])
    for name in CORRUPTIONS:
        np.lib.format.open_memmap(tmp_path / f"{name}.npy", "w+", np.uint8, (50_000, 32, 32, 3)).flush()
    np.save(tmp_path / "labels.npy", np.zeros(50_000, np.uint8))
    recorded = published_hash(tmp_path, published_rows(load_dataset("digits", None), rows))

    def with_corruptions(content: Content) -> None:
        content["corruptions"] = {"hash": recorded}
        content["request"]["corruptions"] = str(tmp_path)

    path = changed(evaluated, tmp_path, with_corruptions)
    assert {check.name: check.same for check in find(str(path)).checks("checkpoint")}["corruptions"] is True
    pixels = np.lib.format.open_memmap(tmp_path / "snow.npy", "r+")
    pixels[rows - len(load_dataset("digits", None).labels), 5, 5] += 1
    pixels.flush()
    assert {check.name: check.same for check in find(str(path)).checks("checkpoint")}["corruptions"] is False


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda content: content["weights"].update(file="gone.safetensors"), r"gone\.safetensors are missing"),
        (lambda content: content["data"].update(ids=[10**6] * 40), "digits has no image 1000000"),
        (lambda content: content["clean"].update(right="f"), "clean"),
        (lambda content: content.pop("seed"), "not a result of rnas evaluate: seed"),
        (lambda content: content["clean"].update(accuracy=99.0), r"not a result of rnas evaluate: clean\.accuracy"),
        (lambda content: content.update(params=-5), "not a result of rnas evaluate: params"),
    ],
)
def test_what_cannot_be_reproduced_is_told(
    evaluated: Path, tmp_path: Path, edit: Callable[[Content], None], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        rnas.reproduce(changed(evaluated, tmp_path, edit))


def test_it_does_not_say_how_to_train(evaluated: Path) -> None:
    with pytest.raises(InputError, match="does not say how its weights were trained"):
        rnas.reproduce(evaluated, seeds=2)


def test_what_was_recorded_on_a_cpu_is_reproduced_on_one_where_there_is_a_gpu_too(
    evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    assert find(evaluated).on_cpu
    assert not find(evaluated, "auto").on_cpu
    assert not find(changed(evaluated, tmp_path, lambda content: content.update(device="NVIDIA H200"))).on_cpu


def test_accuracies_have_their_threat_where_there_are_several(evaluated: Path) -> None:
    result = EvaluationResult.model_validate_json(evaluated.read_bytes())
    assert {name: own.accuracy for name, own in result.accuracies.items()} == {
        "clean": result.clean.accuracy,
        "linf:1/10 pgd2": result.attacks[0].accuracy,
        "l2:0.5 pgd2": result.attacks[1].accuracy,
        "worst case": result.worst_case.accuracy,
    }
    alone = result.model_copy(update={"threats": result.threats[:1], "attacks": result.attacks[:1]})
    assert list(alone.accuracies) == ["clean", "pgd2", "worst case"]
