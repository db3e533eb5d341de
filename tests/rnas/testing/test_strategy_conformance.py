"""The conformance test of strategies finds what is wrong with one."""

import os
import random
import time

import numpy as np
import pytest

from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem, Proposal, Strategy, View
from rnas.testing.strategy import StrategyConformance


class IgnoresItsGenerator(RandomSearch):
    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        return super().propose(n, view, np.random.default_rng(len(view.genomes)))


class ReadsTheDate(RandomSearch):
    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        return super().propose(n, view, np.random.default_rng(int(time.time()) // 86_400))


class AsksTheMachine(RandomSearch):
    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        return super().propose(n, view, np.random.default_rng(os.urandom(1)[0] % 3))


class DrawsFromPythonsGenerator(RandomSearch):
    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        return super().propose(n, view, np.random.default_rng(random.getrandbits(32)))


def check(strategy: type[RandomSearch], finding: str) -> None:
    class OfTheStrategy(StrategyConformance):
        def make(self, problem: Problem) -> Strategy:
            return strategy(problem)

    getattr(OfTheStrategy(), f"test_{finding}")()


@pytest.mark.parametrize(
    ("strategy", "finding"),
    [
        (IgnoresItsGenerator, "the_generator_decides_a_randomised_strategy"),
        (ReadsTheDate, "proposals_depend_on_the_arguments_alone"),
        (AsksTheMachine, "proposals_depend_on_the_arguments_alone"),
        (DrawsFromPythonsGenerator, "proposals_depend_on_the_arguments_alone"),
    ],
)
def test_a_fault_is_found(strategy: type[RandomSearch], finding: str) -> None:
    with pytest.raises(AssertionError):
        check(strategy, finding)
