from typing import Any

from rnas.report._final_evaluation import blocks, change_text, final_evaluation_caption, mean_text


def member(key: str, rank: int, final_rank: int | None, accuracy: float | None, half: float | None) -> dict[str, Any]:
    return {
        "key": key,
        "searched": 0.5,
        "rank": rank,
        "seeds": [1, 2],
        "accuracies": [],
        "accuracy": accuracy,
        "half_width": half,
        "final_rank": final_rank,
        "flags": [],
        "failures": [],
    }


CONTENT = {
    "attacks": ["autoattack-cascade"],
    "members": [
        member("a", 2, 1, 0.50, 0.02),
        member("b", 1, 2, 0.47, 0.02),
        member("c", 3, 3, 0.40, 0.01),
        member("d", 4, None, None, None),
    ],
}


def test_what_changed_and_what_is_noise_is_said() -> None:
    text = final_evaluation_caption(CONTENT)
    assert "2 of 4 ranks changed, and 1 of the 2 others are indistinguishable from the best" in text
    assert "none is flagged" in text
    assert "autoattack-cascade" in text


def test_flags_are_counted() -> None:
    flagged = {**CONTENT, "members": [{**CONTENT["members"][0], "flags": ["zero-gradients"]}]}
    assert "1 flagged." in final_evaluation_caption(flagged)
    assert "with a single training each, none can be distinguished from another" in final_evaluation_caption(flagged)
    table, _ = blocks(flagged)
    assert table.body[0][-1].text == "zero-gradients"
    assert table.body[0][-1].style == "alarm"


def test_numbers_in_words() -> None:
    first, _, third, last = CONTENT["members"]
    assert (mean_text(first), change_text(first)) == ("50.00% \u00b1 2.00", "2 to 1")
    assert change_text(third) == "3"
    assert (mean_text(last), change_text(last)) == ("\u2013", "4 to \u2013")
