import pytest
import torch

from rnas.evaluation.robustness import evaluate_robustness
from rnas.experiments.training._evaluation import CheckpointResult, compared, evaluate_test, evaluate_val
from rnas.experiments.training.result import TrainingResult
from rnas.experiments.training.setup import Setup
from tests.arithmetic import FLOAT32, Recording


def flags(right: int, images: int = 100) -> torch.Tensor:
    return torch.arange(images) < right


def test_the_worst_case_is_taken_image_by_image() -> None:
    result = CheckpointResult(flags(90), {"one": flags(60), "other": ~flags(40) & flags(90)})
    assert int(result.worst_case.sum()) == 20
    content = result.to_dict()
    assert content["clean"]["correct"] == 90
    assert [(attack["name"], attack["correct"]) for attack in content["attacks"]] == [("one", 60), ("other", 50)]
    assert content["worst_case"]["accuracy"] == pytest.approx(0.2)
    assert content["worst_case"]["low"] < 0.2 < content["worst_case"]["high"]


def test_a_difference_is_inside_the_noise_by_the_images_on_which_both_differ() -> None:
    best = CheckpointResult(flags(90), {"pgd": flags(60)})
    last = CheckpointResult(flags(88), {"pgd": flags(45)})
    rows = {row["name"]: row for row in compared(best, last)}
    assert rows["clean"]["difference"] == pytest.approx(0.02)
    assert (rows["clean"]["p_value"], rows["clean"]["indistinguishable"]) == (0.5, True)
    assert rows["pgd"]["difference"] == pytest.approx(0.15)
    assert rows["pgd"]["p_value"] == pytest.approx(2 / 2**15)
    assert not rows["pgd"]["indistinguishable"]
    assert rows["worst case"] == {**rows["pgd"], "name": "worst case"}


def test_selection_and_final_look_at_their_own_parts(finished: TrainingResult) -> None:
    setup = Setup.of(finished.settings)
    model = setup.trainer().model
    val = evaluate_val(setup, model)
    clean = evaluate_robustness(model, setup.splits["val"], [], 0).clean
    assert val["val_clean_accuracy"] == pytest.approx(clean.double().mean().item())
    told: list[tuple[str, float]] = []
    test = evaluate_test(setup, model, lambda name, share: told.append((name, share)))
    assert told == [("fgsm", 0.0)]
    assert torch.equal(test.clean, evaluate_robustness(model, setup.splits["test"], [], 0).clean)
    seen = [set(setup.splits[name].ids.tolist()) for name in ("train", "val", "test")]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 120 + 40 + 60


def test_both_are_in_float32_whatever_the_program_has_set(finished: TrainingResult, fresh_switches: None) -> None:
    torch.set_float32_matmul_precision("high")
    setup = Setup.of(finished.settings)
    recording = Recording(setup.trainer().model)
    evaluate_val(setup, recording)
    evaluate_test(setup, recording, lambda name, share: None)
    assert recording.seen == {FLOAT32}
