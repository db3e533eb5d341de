import json
import re
from typing import Any

from rnas.report._html import render
from rnas.report.fidelity import captions, quality_table, ranking_sentences, shift_sentences


def estimate(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


REPLICATION: dict[str, Any] = {
    "metric": "robust_accuracy",
    "fidelities": [{"epochs": 1, "batch_size": 64}, {"epochs": 5, "batch_size": 64}],
    "shares": [0.26, 1.0],
    "promote": 0.5,
    "seeds": 1,
    "architectures": 40,
    "failures": 2,
    "quality": [
        {
            "rung": 0,
            "flops": [60e3, 200e3],
            "architectures": 38,
            "tau": estimate(0.3, 0.12, 0.45),
            "ceiling": None,
            "noise": None,
            "recall": estimate(0.75, 0.4, 1.0),
            "regret": estimate(0.011, 0.0, 0.03),
        }
    ],
    "shifts": [
        {"quantity": "r_D", "rung": 0, "lower": 0.5, "highest": 0.7, "shift": estimate(-0.2, -0.3, -0.1), "found": True}
    ],
}


def test_a_rung_that_does_not_rank_is_named() -> None:
    assert ranking_sentences(REPLICATION) == []
    [quality] = REPLICATION["quality"]
    study = {
        **REPLICATION,
        "fidelities": [{"finetune_epochs": 3}, {"epochs": 5}],
        "quality": [{**quality, "tau": estimate(0.1, -0.1, 0.3)}],
    }
    assert ranking_sentences(study) == [
        "shared weights, fine-tuned for 3 epochs (26% of the cost) does not rank networks of 60K to 200K FLOPs: the "
        "interval of tau includes 0."
    ]


def test_a_study_in_words() -> None:
    table = quality_table(REPLICATION)
    (row,) = table.rows
    assert row == (
        "1 epoch (26% of the cost)",
        "60K to 200K",
        "38",
        "0.30 [0.12, 0.45]",
        "\u2013",
        "\u2013",
        "75% [40%, 100%]",
        "1.1 [0.0, 3.0]",
    )
    assert len(table.headings) == len(row)
    caption = captions(REPLICATION)
    assert "40 networks, 1 seed at each rung, ranked by robust accuracy; the highest rung is 5 epochs" in caption[0]
    assert caption[-1] == "Left out: 2 failed evaluations."
    assert captions({**REPLICATION, "failures": 1})[-1] == "Left out: 1 failed evaluation."
    assert not any("Left out" in line for line in captions({**REPLICATION, "failures": 0}))
    (sentence,) = shift_sentences(REPLICATION)
    assert "0.50 at 1 epoch (26% of the cost), 0.70 at the highest rung; the short training moves it" in sentence


def test_lower_rungs_are_listed_and_not_drawn(trained_run: dict[str, Any]) -> None:
    row = next(row for row, e in enumerate(trained_run["evaluations"]) if e["status"] == "complete")
    lower = [{**e, "rung": int(number != row)} for number, e in enumerate(trained_run["evaluations"])]
    found = re.search(
        r'id="page-data">(.*?)</script>', render({**trained_run, "rungs": 2, "evaluations": lower}), re.DOTALL
    )
    assert found is not None
    for metric in json.loads(found[1])["metrics"]:
        assert metric["values"][row] is None
        if metric["name"] in trained_run["evaluations"][row]["metrics"]:
            assert any(character.isdigit() for character in metric["texts"][row])
