import json
from dataclasses import replace
from pathlib import Path

import pytest

from rnas.errors import LedgerError
from rnas.experiments.comparison.result import compared, next_round
from rnas.networks.zoo import find
from rnas.report import _comparison_text as words
from tests.rnas.experiments.comparison.records import IMAGES, records, settings


def test_means_groups_and_pairs(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    content = compared(chosen, records(chosen, [0.3, 0.9, 0.88])).content
    json.dumps(content, allow_nan=False)
    assert [(column["checkpoint"], column["attack"]) for column in content["columns"]] == [
        (name, attack) for name in ("best", "last") for attack in ("clean", "pgd20", "worst case")
    ]
    main = words.main_column(content)
    assert [score["group"] for score in main["networks"]] == ["b", "a", "a"]
    assert all(score["low"] <= score["mean"] <= score["high"] for score in main["networks"])
    assert {(pair["first"], pair["second"]) for pair in main["pairs"]} == {
        ("small", "resnet-18"),
        ("small", "wrn-28-10"),
        ("resnet-18", "wrn-28-10"),
    }
    assert words.order(content)[-1] == 0
    assert "the best are indistinguishable at 95 %: resnet-18, wrn-28-10" in words.verdict_sentence(content)
    sentence = words.setting_sentence(content)
    assert "by recipe short-sat for 1 epoch in batches of" in sentence
    assert f"{IMAGES} images" in sentence
    changed = {**content, "recipe_changes": {"epochs": 3, "inner_attack.steps": 3}}
    assert "by recipe short-sat (with inner_attack.steps 3) for" in words.setting_sentence(changed)
    changed = {**content, "recipe_changes": {"clip_norm": None}}
    assert "by recipe short-sat (with no clip_norm) for" in words.setting_sentence(changed)
    assert any("resnet-18: signs of overestimated robustness: zero gradient" in note for note in words.notes(content))
    clean = content["columns"][0]
    assert [score["group"] for score in clean["networks"]] == ["", "", ""]


def test_where_all_scored_the_same_nothing_is_compared(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    content = compared(chosen, records(chosen, [0.0] * 3)).content
    json.dumps(content, allow_nan=False)
    main = words.main_column(content)
    assert (main["detectable"], main["critical"], main["degrees"], main["pairs"]) == (None, None, None, [])
    for score in main["networks"]:
        assert score == {"mean": 0, "half_width": None, "low": None, "high": None, "group": "", "seeds": [0, 0]}
        assert words.half_width(score) == "\u2013"
    sentence = words.verdict_sentence(content)
    assert "all networks scored the same 0.00 %, so that nothing can be compared; train longer or" in sentence
    assert "power" not in sentence
    perfect = words.verdict_sentence(compared(chosen, records(chosen, [1.0] * 3)).content)
    assert "the same 100.00 %, so that nothing can be compared; use stronger attacks" in perfect
    constant = words.verdict_sentence(compared(chosen, records(chosen, [0.0, 1.0, 0.0])).content)
    assert "differences cannot be tested; compare with more seeds or images" in constant


def test_networks_at_chance_are_named(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    content = compared(chosen, records(chosen, [0.3, 0.9, 0.88])).content
    assert not any("above chance" in note for note in words.notes(content))
    clean, *others = content["columns"]

    def noted(*means: float | None) -> list[str]:
        scores = [{**score, "mean": mean} for score, mean in zip(clean["networks"], means, strict=True)]
        changed = {**content, "columns": [{**clean, "networks": scores}, *others]}
        return [note for note in words.notes(changed) if "above chance" in note]

    # Of 120 images 16 are within the noise of 12, and 24 are not.
    assert noted(24 / 120, 16 / 120, None) == [
        "resnet-18 is not above chance (10 %): its rank means nothing; train longer."
    ]
    assert noted(0.1, 0.02, 0.5) == [
        "small, resnet-18 are not above chance (10 %): their ranks mean nothing; train longer."
    ]


def test_a_network_without_all_its_trainings_is_shown_and_not_tested(tmp_path: Path) -> None:
    chosen = settings(tmp_path, seeds=3)
    content = compared(chosen, records(chosen, [0.3, 0.9, 0.6], failed=(2,))).content
    score = words.main_column(content)["networks"][2]
    assert (score["group"], score["low"], score["seeds"][0]) == ("", None, None)
    assert score["mean"] > 0.4
    assert len(words.main_column(content)["pairs"]) == 1
    assert content["failures"] == [
        {"network": "wrn-28-10", "seed": 0, "status": "diverged", "reason": "<loss> is not finite"}
    ]
    assert any("left out of the tests" in note for note in words.notes(content))
    none = compared(chosen, records(chosen, [0.3, 0.9, 0.6], failed=(0, 1, 2))).content
    assert "nothing can be tested" in words.verdict_sentence(none)
    json.dumps(none, allow_nan=False)


def test_a_late_failure_leaves_a_network_tested_by_the_seeds_before(tmp_path: Path) -> None:
    chosen = settings(tmp_path, until_decided=5)
    made = records(chosen, [0.03, 0.9, 0.88], failed=(1,), seeds=[2, 4, 4], failing_seed=3)
    content = compared(chosen, made).content
    assert len(words.main_column(content)["pairs"]) == 3
    assert any("with seed 3 failed, and it is tested by those before" in note for note in words.notes(content))
    assert next_round(chosen, made) == (2, 4, 5)


def test_further_seeds_are_for_those_that_are_not_distinguished(tmp_path: Path) -> None:
    chosen = settings(tmp_path, until_decided=4)
    accuracies = [0.03, 0.9, 0.88]
    assert next_round(chosen, records(chosen, accuracies)) == (2, 3, 3)
    assert next_round(settings(tmp_path), records(chosen, accuracies)) == (2, 2, 2)
    assert next_round(chosen, records(chosen, accuracies, failed=(1,))) == (2, 2, 2)
    made = records(chosen, accuracies, seeds=[2, 4, 4])
    assert next_round(chosen, made) == (2, 4, 4)
    content = compared(chosen, made).content
    json.dumps(content, allow_nan=False)
    assert (content["looks"], content["look_level"]) == (3, pytest.approx(0.05 / 3))
    assert [one["seeds"] for one in content["networks"]] == [2, 4, 4]
    main = words.main_column(content)
    assert [score["group"] for score in main["networks"]] == ["b", "a", "a"]
    for pair in main["pairs"]:
        first, second = (
            score["mean"]
            for one, score in zip(content["networks"], main["networks"], strict=True)
            if one["name"] in (pair["first"], pair["second"])
        )
        assert pair["difference"] == pytest.approx(first - second)
    assert "trained with 2 to 4 seeds by" in words.setting_sentence(content)
    (note,) = words.method_notes(content)
    assert "small 2, resnet-18 4, wrn-28-10 4" in note
    assert "tested at most 3 times, each time at 1.67%" in note


def test_what_was_tuned_is_told(tmp_path: Path) -> None:
    chosen = settings(tmp_path, tune=2)
    trials = [
        {"parameters": {"learning_rate": 0.1}, "value": 0.4, "seconds": 60.0, "state": "complete"},
        {"parameters": {"learning_rate": 0.025}, "value": 0.5, "seconds": 40.0, "state": "complete"},
    ]
    summary = {
        "best": 1,
        "trials": trials,
        "comparison": {"indistinguishable": True},
        "space": {"learning_rate": "0.01:1:log"},
        "val": {"metric": "robust_accuracy", "images": 134},
    }
    failed = {**summary, "best": None, "comparison": None}
    tunings = {"small": summary, "resnet-18": {**summary, "best": 0}, "wrn-28-10": failed}
    content = compared(chosen, records(chosen, [0.5] * 3), tunings).content
    json.dumps(content, allow_nan=False)
    assert content["tuning"]["seconds"] == 300.0
    assert content["seconds"] == 300.0 + 6 * 100.0
    (note,) = words.method_notes(content)
    assert "learning rate were chosen from 2 trials of 1 epoch" in note
    assert "small: learning rate 0.025 (50.00 %, by the recipe's own 40.00 %, indistinguishable at 95 %);" in note
    assert "resnet-18: learning rate 0.1, the recipe's own (40.00 %);" in note
    assert "wrn-28-10: no trial was completed" in note


def test_other_images_are_noticed(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    made = records(chosen, [0.5, 0.5, 0.5])
    evaluation = made[0][0].evaluation
    assert evaluation is not None
    last = {**evaluation.provenance["last"], "images_hash": "of others"}
    changed = replace(made[0][0], evaluation=replace(evaluation, provenance={**evaluation.provenance, "last": last}))
    with pytest.raises(LedgerError, match="different images"):
        compared(chosen, [(changed, *made[0][1:]), *made[1:]])


def test_published_numbers_are_of_the_same_data_alone(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    assert any(row.dataset == "cifar10" for row in find("wrn-28-10").published)
    assert compared(chosen, records(chosen, [0.5] * 3)).content["published"] == []


def test_a_comparison_is_a_line_and_a_small_table(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    found = compared(chosen, records(chosen, [0.3, 0.9, 0.6], failed=(2,)))
    assert repr(found) == "<ComparisonResult: 3 networks at 2M FLOPs>"
    shown = found._repr_html_()
    assert shown.index("resnet-18") < shown.index("small")
    assert "worst case of the best checkpoint" in shown


def test_unseen_threats_have_a_column_for_each_ball_and_corruptions_have_no_test(tmp_path: Path) -> None:
    chosen = settings(tmp_path, unseen=True)
    assert chosen.fingerprint != settings(tmp_path).fingerprint
    content = compared(chosen, records(chosen, [0.3, 0.9, 0.88])).content
    json.dumps(content, allow_nan=False)
    columns = [column for column in content["columns"] if column["checkpoint"] == "best"]
    names = ["clean", "linf:3/20 pgd20", "l2:1.0 pgd20", "l1:4.0 pgd20", "corruptions", "worst case"]
    assert [column["attack"] for column in columns] == names
    assert [words.label(column["attack"]) for column in columns][2] == "l2:1.0 PGD-20"
    corruptions = columns[4]
    assert corruptions["pairs"] == []
    assert {score["group"] for score in corruptions["networks"]} == {""}
    assert corruptions["networks"][0]["mean"] == pytest.approx(0.255)
    assert [score["group"] for score in columns[1]["networks"]] == ["b", "a", "a"]
