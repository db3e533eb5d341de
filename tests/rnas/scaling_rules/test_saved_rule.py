import json
from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.saved_rule import ROBUST_SCALING, SavedRule, find_rule

FITTED = SavedRule(
    Rule((0.39, 0.39, 0.22), (0.37, 0.44, 0.19), 2.1),
    intervals={"D1": (0.35, 0.43), "D3": (0.18, 0.25), "r_D": (0.62, 0.78)},
    source="runs/wide-resnet-compound-1",
    metric="robust_accuracy",
    ledger="0123456789ab",
    evaluations=150,
    budgets=(100_000_000, 200_000_000),
)
BARE = SavedRule(Rule((1, 2), (3, 1), 1 / 3))


@pytest.mark.parametrize("saved", [FITTED, BARE, ROBUST_SCALING])
def test_a_file_gives_back_the_rule(saved: SavedRule, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text("what was there")
    saved.save(path)
    loaded = SavedRule.load(path)
    assert loaded == saved
    assert loaded.rule.depth_to_width == saved.rule.depth_to_width
    assert json.loads(path.read_text()) == saved.to_dict()
    assert [file.name for file in tmp_path.iterdir()] == ["rule.json"]


def test_every_quantity_by_name() -> None:
    values = ROBUST_SCALING.values
    assert list(values) == ["D1", "D2", "D3", "W1", "W2", "W3", "r_D"]
    assert values["D3"] == 0.2
    assert values["W2"] == pytest.approx(2.5 / 5.5)
    assert values["r_D"] == pytest.approx(0.7)
    assert list(BARE.values) == ["D1", "D2", "W1", "W2", "r_D"]


def test_in_a_sentence() -> None:
    assert ROBUST_SCALING.sentence() == "D1:D2:D3 = 2 : 2 : 1, W1:W2:W3 = 2 : 2.5 : 1, depth to width 7 : 3 (r_D .70)"
    assert FITTED.sentence() == (
        "D1:D2:D3 = 1.8 : 1.8 : 1 (D1 .39 [.35, .43], D3 .22 [.18, .25]), W1:W2:W3 = 1.9 : 2.3 : 1, "
        "depth to width 6.8 : 3.2 (r_D .68 [.62, .78]); 90 % intervals in brackets"
    )
    assert BARE.sentence() == "D1:D2 = 1 : 2, W1:W2 = 3 : 1, depth to width 2.5 : 7.5 (r_D .25)"


def test_the_published_rule_by_name_or_a_file(tmp_path: Path) -> None:
    assert find_rule("robust-scaling") is find_rule(" Robust-Scaling") is ROBUST_SCALING
    assert ROBUST_SCALING.rule == Rule()
    FITTED.save(tmp_path / "rule.json")
    assert find_rule(str(tmp_path / "rule.json")) == FITTED


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"intervals": {"D4": (0, 1)}}, "an interval of 'D4'; the quantities of this rule are D1, D2, D3, W1, W2, W3"),
        (
            {"intervals": {"D1": (0.5, 0.6)}},
            "D1 is 0.5 to 0.6; it must be within 0 to 1 and contain 0.4",
        ),
        ({"intervals": {"D1": (0.5, 0.3)}}, "the interval of D1 is 0.5 to 0.3; it must be"),
        ({"intervals": {"D1": (-0.1, 0.6)}}, "the interval of D1 is -0.1 to 0.6; it must be"),
        ({"intervals": {"r_D": (0.6, 7)}}, "the interval of r_D is 0.6 to 7; it must be"),
        ({"intervals": {"D1": (float("nan"), 0.6)}}, "the interval of D1 is nan to 0.6; it must be"),
        ({"confidence": 90}, "confidence is 90; write a number between 0 and 1"),
        ({"budgets": (2, 1)}, r"budgets is \[2, 1\]; write each budget once, in ascending order"),
        ({"budgets": (1, 1)}, r"budgets is \[1, 1\]"),
    ],
)
def test_wrong_fields(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SavedRule(Rule(), **fields)


def test_medians_that_are_a_little_off_a_sum_of_one_are_no_error() -> None:
    narrow = {"D1": (0.4, 0.4), "D2": (0.404, 0.41)}
    assert SavedRule(Rule((0.401, 0.402, 0.2)), intervals=narrow).intervals == narrow


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema_version: Input should be 1"),
        ({"depths": [2, 2]}, "2 depths and 3 widths in a rule"),
        ({"depths": [2, 2, 0]}, "proportions of a rule are above zero"),
        ({"depths": ["2", 2, 1]}, "depths: 0: Input should be a valid number"),
        ({"depth_to_width": True}, "depth_to_width: Input should be a valid number"),
        ({"intervals": {"D1": [0.3]}}, "intervals: D1: 1: Field required"),
        ({"intervals": {"D9": [0.3, 0.4]}}, "there is an interval of 'D9'"),
        ({"evaluations": 0}, "evaluations: Input should be greater than 0"),
        ({"budgets": [2, 1]}, r"budgets is \[2, 1\]"),
        ({"width": 3}, "width: Extra inputs are not permitted"),
    ],
)
def test_files_that_are_no_rules(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text(json.dumps({**FITTED.to_dict(), **changes}))
    with pytest.raises(InputError, match=f"^{path} is not a rule: {message}") as error:
        SavedRule.load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["depths", "widths", "depth_to_width", "schema_version"])
def test_a_file_that_lacks_something(name: str, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    content = FITTED.to_dict()
    del content[name]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"{name}: Field required"):
        SavedRule.load(path)


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.json does not exist; give the file of a rule"):
        SavedRule.load(tmp_path / "nowhere.json")
    with pytest.raises(InputError, match=r"cannot be read \(it is a folder, not a regular file\); rnas rules RUN"):
        SavedRule.load(tmp_path)
    path = tmp_path / "file"
    for content in (b"\xff\xfe\x00", b"{", b'{"source": "a", "source": "b"}', b'{"depth_to_width": NaN}'):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"file: not valid JSON .*; rnas rules RUN --save FILE writes one$"):
            SavedRule.load(path)
