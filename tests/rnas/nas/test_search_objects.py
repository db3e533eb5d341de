"""A search whose parts are objects: in this process, in scripts with workers, killed and resumed."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import rnas
from rnas.errors import InputError
from rnas.nas import DesignSpace
from rnas.nas.evaluators.call import Call, CallSettings
from rnas.nas.evaluators.evaluator import Evaluation, Status, Task
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem, Proposal, View
from rnas.networks.architecture import Architecture
from search_spaces.wide_resnet import DepthGrid
from tests.launcher import COMMAND, Program, run

OBJECTIVES = [{"metric": "score", "direction": "maximize"}, {"metric": "flops", "direction": "minimize"}]


class Shallow(DepthGrid):
    """A space of a user's own."""

    name = "shallow"


class Bespoke(DepthGrid):
    """A space that its settings alone do not make."""

    def __init__(self, deepest: int) -> None:
        super().__init__(DepthGrid.Settings(narrow={"depth1": list(range(2, deepest + 1))}), (3, 32, 32), 10)


SPACE = Shallow(DepthGrid.Settings(narrow={"depth1": [2, 3], "depth2": [2, 3]}), (3, 32, 32), 10)


def depth(architecture: Architecture) -> dict[str, float]:
    return {"score": float(sum(architecture.depths))}


@dataclass(frozen=True)
class Stride:
    """Propose every n-th genome of the space, in order."""

    step: int = 3

    def propose(self, n: int, view: View, _rng: np.random.Generator) -> list[Proposal]:
        seen = len(view.genomes) + len(view.pending)
        genomes = SPACE.enumeration[:: self.step]
        return [Proposal(genome) for genome in genomes[seen : seen + n]]


class Whim:
    """A strategy with a state that nobody can read."""

    def __init__(self, problem: Problem | None = None) -> None:
        self.problem = problem

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        seen = len(view.genomes) + len(view.pending)
        return [Proposal(genome) for genome in SPACE.enumeration[seen : seen + n]]


def written(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((path / "config.yaml").read_text())
    return content


def test_space_function_and_strategy_may_be_objects(tmp_path: Path) -> None:
    path = tmp_path / "run"
    result = rnas.search(
        space=SPACE, evaluator=depth, strategy=Stride(2), objectives=OBJECTIVES, budget=3, workers=0, output=path
    )
    assert [record.metrics["score"] for record in result.records] == [
        sum(record.architecture.depths) for record in result.records
    ]
    config = written(path)
    here = __name__
    assert config["space"]["name"] == f"{here}:Shallow"
    assert config["space"]["narrow"] == {"depth1": [2, 3], "depth2": [2, 3]}
    assert config["strategy"] == {"name": f"{here}:Stride", "step": 2}
    assert config["evaluator"]["call"] == f"{here}:depth"
    # All of it can be imported, so that nothing has to be given again; and what is given must be the same.
    assert len(rnas.resume(path, budget=4).records) == 4
    longer = rnas.resume(path, budget=5, space=SPACE, evaluator=depth, strategy=Stride(2))
    assert longer.records[:3] == result.records
    for other in ({"strategy": Stride(3)}, {"evaluator": np.sum}, {"space": Bespoke(3)}):
        with pytest.raises(InputError, match=rf"^{next(iter(other))}: .* was created with "):
            rnas.resume(path, **other)


def test_parts_that_are_registered_are_recorded_by_their_names(tmp_path: Path) -> None:
    space = DepthGrid(DepthGrid.Settings(narrow={"depth1": [2], "depth2": [2]}), (3, 32, 32), 10)
    evaluator = Call(CallSettings(call="tests.rnas.cli.scores:total_depth"), space)
    path = tmp_path / "run"
    rnas.search(
        space=space, evaluator=evaluator, strategy=RandomSearch, objectives=OBJECTIVES, budget=2, workers=0, output=path
    )
    config = written(path)
    assert (config["space"]["name"], config["strategy"]["name"]) == ("wide-resnet-depths", "random")
    assert config["evaluator"]["call"] == "tests.rnas.cli.scores:total_depth"


def test_what_its_settings_do_not_make_must_be_given_again(tmp_path: Path) -> None:
    path = tmp_path / "run"
    given = {"space": Bespoke(4), "evaluator": lambda architecture: depth(architecture), "strategy": Whim()}
    first = rnas.search(**given, objectives=OBJECTIVES, budget=2, workers=0, output=path)
    with pytest.raises(InputError, match=r"give the \w+ (again )?as an object"):
        rnas.resume(path, budget=3)
    assert rnas.resume(path, budget=3, **given).records[:2] == first.records
    # Its class takes three arguments as well, but not those that a configuration holds.
    space = DesignSpace([SPACE.decode(genome) for genome in SPACE.enumeration], (3, 32, 32), 10)
    given = {"space": space, "evaluator": depth, "strategy": "random"}
    first = rnas.search(**given, objectives=OBJECTIVES, budget=2, workers=0, output=tmp_path / "listed")
    with pytest.raises(InputError, match=r"give the space (again )?as an object"):
        rnas.resume(tmp_path / "listed", budget=3)
    assert rnas.resume(tmp_path / "listed", budget=3, space=space).records[:2] == first.records


def test_parts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    grey = Shallow(DepthGrid.Settings(), (1, 8, 8), 10)
    with pytest.raises(InputError, match=r"space: it is bound to images of shape \(1, 8, 8\) and 10 classes"):
        rnas.search(
            space=grey,
            evaluator={"call": "tests.rnas.cli.scores:total_depth", "input_shape": [3, 32, 32]},
            objectives=OBJECTIVES,
            output=tmp_path / "run",
        )
    with pytest.raises(InputError, match="evaluator: give an Evaluator, or a function"):
        rnas.search(space=SPACE, evaluator=3, objectives=OBJECTIVES, output=tmp_path / "run")
    for strategy in (3, lambda problem: problem):
        with pytest.raises(InputError, match="strategy: give a strategy"):
            rnas.search(space=SPACE, evaluator=depth, strategy=strategy, objectives=OBJECTIVES, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("function", [lambda architecture: {"score": 1.0}])
def test_a_function_without_a_place_cannot_travel(function: Callable[..., Any], tmp_path: Path) -> None:
    given: dict[str, Any] = {"space": SPACE, "evaluator": function, "objectives": OBJECTIVES, "budget": 1}
    with pytest.raises(InputError, match=r"cannot travel to a worker process .*; define what it uses in a module file"):
        rnas.search(**given, workers=2, output=tmp_path / "run")
    # Nothing was left behind, so that the same call with workers=0 is accepted.
    assert len(rnas.search(**given, workers=0, output=tmp_path / "run").records) == 1


@pytest.mark.parametrize("part", [{"strategy": "random"}, {"evaluator": {"call": "tests.rnas.cli.scores:total_depth"}}])
def test_parts_that_the_config_names_are_not_given_to_resume(part: dict[str, Any], tmp_path: Path) -> None:
    given: dict[str, Any] = {"space": SPACE, "evaluator": depth, "strategy": "random", "objectives": OBJECTIVES}
    rnas.search(**given, budget=1, workers=0, output=tmp_path / "run")
    with pytest.raises(InputError, match=r"config.yaml names it already; leave \w+ out, or give an object"):
        rnas.resume(tmp_path / "run", **part)


TYPED = """
import rnas
from search_spaces.wide_resnet import DepthGrid
def score(architecture): return {"score": 1.0}
space = DepthGrid(DepthGrid.Settings(), (3, 32, 32), 10)
objectives = [{"metric": "score", "direction": "maximize"}]
rnas.search(space=space, evaluator=score, objectives=objectives, budget=2, workers=1, output="run")
"""


def test_of_what_is_typed_in_a_notebook_it_is_said_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-"], input=TYPED, cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert "it uses score, which is defined in __main__" in done.stderr
    assert not (tmp_path / "run").exists()
    assert (
        "define what it uses in a module file, not in a notebook or inside a function, or set workers: 0" in done.stderr
    )


SCRIPT = """
import sys, time
from dataclasses import dataclass
from fractions import Fraction
import torch
import rnas
from rnas.attacks import attacking
from rnas.nas import Proposal
from rnas.training import Cosine, CrossEntropy, PGDInner, Recipe
from search_spaces.wide_resnet import DepthGrid

class Mine(DepthGrid):
    name = "mine"

@dataclass(frozen=True)
class InOrder:
    def propose(self, n, view, rng):
        seen = len(view.genomes) + len(view.pending)
        return [Proposal(genome) for genome in SPACE.enumeration[seen : seen + n]]

@dataclass(frozen=True)
class Sign:
    epsilon: Fraction
    norm: str = "linf"

    def __call__(self, model, images, labels, ids, seed):
        with attacking(model):
            start = images.clone().requires_grad_()
            torch.nn.functional.cross_entropy(model(start), labels).backward()
        return (images + float(self.epsilon) * start.grad.sign()).clamp(0, 1)

RECIPE = Recipe(
    name="mine", source="own", epochs=1, batch_size=32, inner_attack=PGDInner(steps=1, step="1"), loss=CrossEntropy(),
    statistics="adversarial", learning_rate=0.05, schedule=Cosine(), momentum=0.9, nesterov=True, weight_decay=5e-4,
    decay_normalization=False, decay_biases=False, clip_norm=None,
)
DATA = {"data": "digits", "images": {"search_val": 50, "test": 50}}
SHORT = {"fidelity": {"epochs": 1, "images": 64, "batch_size": 32}, "evaluation": {"steps": 1}}
SPACE = Mine(DepthGrid.Settings(depths=(1, 2), widths=(1,)), (1, 8, 8), 10)

def score(architecture):
    time.sleep(0.3)
    return {"score": float(sum(architecture.depths))}

if __name__ == "__main__":
    parts = {"space": SPACE, "evaluator": score, "strategy": InOrder()}
    if sys.argv[1] == "search":
        objectives = [{"metric": "score", "direction": "maximize"}]
        rnas.search(**parts, objectives=objectives, budget=6, workers=2, output=sys.argv[2])
    elif sys.argv[1] == "search-by-recipe":
        parts["evaluator"] = {"train": {**DATA, **SHORT, "recipe": RECIPE}}
        rnas.search(**parts, budget=4, workers=2, output=sys.argv[2])
    elif sys.argv[1] == "evaluate":
        best = rnas.train(SPACE.decode(SPACE.enumeration[0]), RECIPE, data="digits", images=64, attacks=["fgsm"]).best
        attacks = [Sign(Fraction(1, 10)), "fgsm"]
        print(rnas.evaluate(rnas.load(best.path), data="digits", attacks=attacks, eps="1/10", images=50, flags=False))
    else:
        rnas.resume(sys.argv[2], **(parts if sys.argv[1] == "resume-with-objects" else {}))
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder with the script, and its search by a name: killed after the first result, and uninterrupted."""

    @cache
    def make(search: str) -> Path:
        folder = tmp_path_factory.mktemp(search)
        script = folder / "my_search.py"
        script.write_text(textwrap.dedent(SCRIPT))
        ledger = folder / "killed" / "ledger.db"
        driver = Program(script, search, folder / "killed")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not (ledger.exists() and recorded(ledger)):
            time.sleep(0.1)
        driver.kill()
        assert not (folder / "killed" / "result.json").exists()
        run(script, search, folder / "whole")
        return folder

    return make


@pytest.mark.slow
@pytest.mark.parametrize(
    ("search", "how", "budget"),
    [("search", "resume", 6), ("search", "resume-with-objects", 6), ("search-by-recipe", "resume", 4)],
)
def test_a_script_of_its_own_parts_is_killed_and_resumed_on_two_workers(
    tmp_path: Path, searched: Callable[[str], Path], search: str, how: str, budget: int
) -> None:
    folder = searched(search)
    shutil.copytree(folder / "killed", tmp_path / "killed")
    run(folder / "my_search.py", how, tmp_path / "killed")
    both = []
    for path in (tmp_path / "killed", folder / "whole"):
        content = yaml.safe_load((path / "result.json").read_text())
        both.append([(e["number"], e["key"], e["seed"], e["batch"], e["metrics"]) for e in content["evaluations"]])
    assert both[0] == both[1]
    assert len(both[0]) == budget
    assert written(tmp_path / "killed")["space"]["name"] == "__main__:Mine"
    elsewhere = run(COMMAND, "resume", tmp_path / "killed", check=False)
    assert elsewhere.returncode == 2
    assert "it was defined in a script or a notebook: resume there" in elsewhere.stderr


@pytest.mark.slow
def test_a_script_trains_by_its_own_recipe_and_evaluates_by_its_own_attack(tmp_path: Path) -> None:
    (tmp_path / "my_search.py").write_text(textwrap.dedent(SCRIPT))
    done = run(tmp_path / "my_search.py", "evaluate", cwd=tmp_path)
    assert done.stdout.startswith("<EvaluationResult ResidualModule, 50 images of digits: clean ")
    shares = dict(re.findall(r"(Sign|fgsm) ([0-9.]+%)", done.stdout))
    assert shares["Sign"] == shares["fgsm"]


def recorded(ledger: Path) -> bool:
    """Whether a result is in a ledger; a copy is read, so that the ledger is left alone."""
    return b'"complete"' in b"".join(path.read_bytes() for path in ledger.parent.glob("ledger.db*"))


def test_an_evaluation_may_be_returned_too(tmp_path: Path) -> None:
    def diverge(task: Task, context: object) -> Evaluation:
        return Evaluation(Status.DIVERGED, reason=f"seed {task.seed}")

    result = rnas.search(
        space=SPACE, evaluator=diverge, objectives=OBJECTIVES, budget=1, workers=0, seed=5, output=tmp_path / "run"
    )
    assert result.records[0].evaluation.reason == "seed 5"
