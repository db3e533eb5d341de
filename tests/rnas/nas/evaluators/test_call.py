"""The evaluator that calls a function of the user's."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.nas.evaluators import _guard as guard
from rnas.nas.evaluators.call import Call, CallSettings
from rnas.nas.evaluators.evaluator import Context, Status, Task
from rnas.networks.architecture import Architecture, key
from rnas.testing.evaluator import EvaluatorConformance
from rnas.testing.strategy import toy_space

SPACE = toy_space("nas-bench-201")
CELL = SPACE.parse("421211")

MODULE = """
from fractions import Fraction

import numpy as np

from rnas.nas.evaluators.evaluator import Evaluation, Status


def metrics(task, context):
    context.progress(1.0)
    flops = task.architecture.cost((3, 32, 32), 10).flops
    return {"accuracy": np.float32(0.5), "flops_share": flops / 1e9, "seed": task.seed}


def evaluation(task, context):
    return Evaluation(Status.DIVERGED, reason="as it pleased")


def nothing(task, context):
    return None


def text(task, context):
    return {"accuracy": "high"}


def infinite(task, context):
    return {"accuracy": float("inf")}


def broken(task, context):
    raise ZeroDivisionError("no divisor\\nsecond line")


def scalars(architecture):
    import torch

    return {"a": torch.tensor(0.5), "b": np.float64(0.25), "c": np.array(2), "d": torch.tensor([1])[0]}


def truth(architecture):
    return {"accuracy": np.bool_(True)}


def huge(architecture):
    return {"accuracy": 1e300}


def no_argument():
    return {}


def three(task, context, more):
    return {}


def named(task, *, device):
    return {}


def defaults(architecture, scale=2.0):
    return {"accuracy": scale}


class Group:
    metrics = staticmethod(metrics)


number = 3
"""


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "user_functions.py").write_text(MODULE)
    (tmp_path / "user_broken.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "user_functions", raising=False)


def call(name: str) -> Call:
    return Call(CallSettings(call=name), SPACE)


class TestConformance(EvaluatorConformance):
    def make(self) -> Call:
        return call("user_functions:metrics")

    def architectures(self) -> Sequence[Architecture]:
        return [CELL, SPACE.parse("333333")]


def test_metrics_become_plain_numbers() -> None:
    evaluation = call("user_functions:Group.metrics").evaluate(Task(CELL, seed=5), Context())
    assert evaluation.status is Status.COMPLETE
    assert evaluation.metrics["accuracy"] == 0.5
    assert evaluation.metrics["seed"] == 5.0
    assert all(type(value) is float for value in evaluation.metrics.values())


def test_an_evaluation_is_passed_on() -> None:
    evaluation = call("user_functions:evaluation").evaluate(Task(CELL, 0), Context())
    assert (evaluation.status, evaluation.reason) == (Status.DIVERGED, "as it pleased")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", "returned NoneType, not metrics by name"),
        ("text", "metric 'accuracy' is 'high', not a number"),
        ("infinite", "not a finite number"),
        ("huge", "metric 'accuracy' is 1e+300, beyond 1e+30"),
        ("truth", "metric 'accuracy' is"),
        ("broken", "ZeroDivisionError: no divisor"),
    ],
)
def test_what_goes_wrong_is_a_failure_with_a_reason(name: str, reason: str) -> None:
    evaluation = guard.evaluate(call(f"user_functions:{name}"), Task(CELL, 0), Context())
    assert evaluation.status is Status.FAILED
    assert reason in evaluation.reason
    assert "second line" not in evaluation.reason


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("user_functions.metrics", "write package.module:name"),
        (":metrics", "write package.module:name"),
        ("user_functions:", "write package.module:name"),
        ("no_such_module_here:f", "no_such_module_here"),
        ("user_broken:f", "no_such_module_anywhere"),
        ("user_functions:missing", "missing"),
        ("user_functions:number", "not a function"),
        ("user_functions:no_argument", r"takes \(\); write it as f\(architecture\), or as f\(task, context\)"),
        ("user_functions:three", r"takes \(task, context, more\); write it"),
        ("user_functions:named", r"takes \(task, \*, device\); write it"),
    ],
)
def test_what_cannot_be_called_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        _ = call(name).function
    assert "\n" not in str(caught.value)


def test_scalars_of_torch_and_numpy_are_numbers() -> None:
    evaluation = guard.evaluate(call("user_functions:scalars"), Task(CELL, 0), Context())
    assert evaluation.metrics == {"a": 0.5, "b": 0.25, "c": 2.0, "d": 1.0}
    assert all(type(value) is float for value in evaluation.metrics.values())
    assert call("user_functions:defaults").evaluate(Task(CELL, 0), Context()).metrics == {"accuracy": 2.0}


def test_each_evaluation_has_an_empty_folder_of_its_own(tmp_path: Path) -> None:
    def writes(task: Task, context: Context) -> dict[str, float]:
        assert context.folder is not None
        assert list(context.folder.iterdir()) == []
        if task.seed:
            (context.folder / "weights").write_text(str(dict(task.fidelity)))
        return {"accuracy": 0.5}

    call = Call(CallSettings(call="mine:writes"), SPACE, writes)
    tasks = [Task(CELL, 0), Task(CELL, 1), Task(CELL, 1, {"epochs": 3}), Task(CELL, 1, {"epochs": 3})]
    for task in tasks:
        call.evaluate(task, Context(folder=tmp_path / "checkpoints"))
    left = {path.parent.name: path.read_text() for path in (tmp_path / "checkpoints").glob("*/*")}
    assert left == {f"{key(CELL)}-1": "{}", f"{key(CELL)}-1-epochs-3": "{'epochs': 3}"}
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2
