from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.evaluation._evaluation_state import EvaluationState, StepState

SETTING = {"weights": "ab12", "attacks": ["linf:1/10 fgsm", "linf:1/10 pgd20"], "seed": 0}


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "net.state"
    state = EvaluationState(SETTING, path)
    assert (state.clean, state.step("fgsm")) == (None, None)
    done = StepState(done=5, broken="f0", seconds=1.5, forward_passes=10, backward_passes=5, zero_gradients=1)
    state.keep_clean("ff").keep_step("fgsm", done)
    again = EvaluationState(SETTING, path)
    assert (again.clean, again.step("fgsm"), again.step("pgd20")) == ("ff", done, None)
    assert [file.name for file in tmp_path.iterdir()] == ["net.state"]


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = EvaluationState(SETTING).keep_clean("ff")
    assert state.clean == "ff"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 1}, "its seed is 0, but here it is 1; give another output"),
        ({"seed": 1, "weights": "cd34"}, "its weights is ab12, but here it is cd34, and 1 more; give another output"),
        (
            {"attacks": ["linf:1/10 fgsm"]},
            "its attacks is linf:1/10 fgsm linf:1/10 pgd20, but here it is linf:",
        ),
    ],
)
def test_the_state_of_another_evaluation_is_refused_in_one_line(tmp_path: Path, changed: dict, message: str) -> None:
    path = tmp_path / "net.state"
    EvaluationState(SETTING, path).keep_clean("ff")
    before = path.read_bytes()
    with pytest.raises(InputError) as caught:
        EvaluationState({**SETTING, **changed}, path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"setting": {}, "steps": {"fgsm": {"done": -1, "broken": ""}}}',
        '{"setting": {"seed": 1}, "setting": {}}',
        '{"setting": {"seed": NaN}}',
        "\x80",
    ],
)
def test_what_is_no_state_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "net.state"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"net\.state: not the state of an evaluation; delete it"):
        EvaluationState(SETTING, path)
