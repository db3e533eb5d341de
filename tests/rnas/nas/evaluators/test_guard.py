from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.evaluator import Context, Evaluation, Status
from tests.evaluators import Scripted, as_task


class Returning(Scripted):
    def __init__(self, result: Any) -> None:
        super().__init__({})
        object.__setattr__(self, "result", result)

    def evaluate(self, task: Any, context: Any) -> Any:
        return self.result


def test_what_a_ledger_cannot_hold_becomes_what_it_can() -> None:
    given = Evaluation("complete", {"score": np.float32(0.5)}, ({"epoch": 1},))
    result = guard.evaluate(Returning(given), as_task(16), Context())
    assert result.status is Status.COMPLETE
    assert type(result.metrics["score"]) is float


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"score": 1.0}, "returned a dict, not an Evaluation"),
        (None, "returned a NoneType"),
        (Evaluation("done"), "'done' is not a valid Status"),
        (Evaluation(Status.COMPLETE, {"score": "high"}), "'score' is 'high', not a number"),
        (Evaluation(Status.COMPLETE, {"score": 1.0}, provenance={"file": Path("x")}), "not JSON serializable"),
        (Evaluation(Status.COMPLETE, {"score": float("inf")}), "'score' is not a finite number"),
        (Evaluation(Status.COMPLETE, {"score": 1.0}, ({"epoch": 1, "best": True},)), "not numbers by name"),
        (
            Evaluation(Status.COMPLETE, {"score": 1.0}, seconds=float("nan")),
            "returned nan seconds, not a finite number",
        ),
        (Evaluation(Status.COMPLETE, {"score": 1.0}, seconds=-0.5), "returned -0.5 seconds, not a finite number"),
        (Evaluation(Status.COMPLETE, {"a\udcff": 1.0}), r"a metric 'a\udcff', a name that cannot be printed"),
        (Evaluation(Status.COMPLETE, {"score": 1.0}, ({"\0": 1},)), r"a metric '\x00', a name that cannot be printed"),
    ],
)
def test_a_bad_result_is_a_failure_with_its_reason(given: Any, reason: str) -> None:
    result = guard.evaluate(Returning(given), as_task(16), Context())
    assert result.status is Status.FAILED
    assert reason in result.reason
    assert result.metrics == {}


class _MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (_MuteError(), "_MuteError: its text cannot be read (RuntimeError)"),
        (
            ValueError("layer [conv1] \udcff \x1b[2J \x00\nsecond line"),
            r"ValueError: layer [conv1] \udcff \x1b[2J \x00",
        ),
        (ValueError("\n \n"), "ValueError:"),
        (MemoryError(), "out of memory"),
    ],
)
def test_the_reason_is_one_visible_line(error: Exception, reason: str) -> None:
    assert guard.classified(error)[1] == reason


def test_a_long_reason_is_cut() -> None:
    assert len(guard.classified(ValueError("x" * 10_000_000))[1]) <= 300
    result = guard.evaluate(
        Returning(Evaluation(Status.FAILED, reason="x" * 10_000_000 + "\n")), as_task(16), Context()
    )
    assert result.status is Status.FAILED
    assert 290 < len(result.reason) <= 300


@pytest.mark.parametrize("behaviour", ["well", "fault"])
def test_memory_of_a_gpu_is_free_for_others_after_each_evaluation(
    monkeypatch: pytest.MonkeyPatch, behaviour: str
) -> None:
    freed: list[bool] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(True))
    guard.evaluate(Scripted({16: behaviour} if behaviour == "fault" else {}), as_task(16), Context("cuda:0"))
    assert freed == [True]
    guard.evaluate(Scripted({}), as_task(16), Context("cpu"))
    assert freed == [True]
