"""The lines of evaluations of a known number."""

import io

import numpy as np
from rich.console import Console

from rnas.cli.counted_lines import CountedLines
from rnas.nas.campaign import evaluate_all
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.execution.executor import Limits
from rnas.nas.execution.in_process import InProcess
from rnas.nas.ledger import Ledger
from rnas.nas.problem import problem_of
from search_spaces.wide_resnet import DepthGrid
from tests.evaluators import Scripted
from tests.rnas.nas.test_loop import OBJECTIVES

SPACE = DepthGrid(DepthGrid.Settings(), (3, 32, 32), 10)


def written(ledger: Ledger, seeds: int, scripted: Scripted) -> list[str]:
    """What is written while a network is evaluated with some seeds."""
    text = io.StringIO()
    lines = CountedLines(
        Console(file=text, width=200),
        ledger,
        lambda record, evaluation: f"scored {record.metrics['score'] % 1:.1f}",
        label="final ",
        opening="it begins [here]",
    )
    architecture = SPACE.decode(SPACE.sample(1, np.random.default_rng(0))[0])
    tasks = [Task(architecture, seed, {}) for seed in range(seeds)]
    problem = problem_of(SPACE, scripted, OBJECTIVES)
    evaluate_all(tasks, problem, ledger, InProcess(scripted, "cpu", Limits()), lines)
    return text.getvalue().splitlines()


def test_each_evaluation_is_a_line_and_earlier_ones_are_counted() -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    opening, first, second = written(ledger, 2, Scripted({}))
    key = ledger.records[0].key
    assert opening == "it begins [here]"
    assert first == f"final 1/2  {key}  seed 0  scored 0.0"
    assert second == f"final 2/2  {key}  seed 1  scored 0.1"
    assert written(ledger, 2, Scripted({})) == []
    failed = written(ledger, 3, Scripted({160: "fault"}))
    assert failed[1].startswith(f"final 3/3  {key}  seed 2  failed: ")
