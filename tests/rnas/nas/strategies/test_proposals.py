"""What a strategy proposed is held to its contract."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.ledger import Ledger
from rnas.nas.strategies._proposals import check_proposals
from rnas.nas.strategies.random import RandomSearch
from rnas.nas.strategy import Problem, Proposal, View
from rnas.testing.strategy import SMALL, toy_problem, toy_space, toy_view
from tests.rnas.nas.test_loop import OBJECTIVES, loop
from tests.rnas.nas.test_loop import problem as problem

PROBLEM = toy_problem(toy_space(SMALL, flops=["40M", "90M"]))
VIEW = toy_view(PROBLEM, 6, 2)
FRESH = RandomSearch(PROBLEM).propose(3, VIEW, np.random.default_rng(0))


def checked(proposals: Any, n: int = 3) -> None:
    check_proposals(RandomSearch(PROBLEM), proposals, n, PROBLEM, VIEW)


def test_what_keeps_to_the_contract_passes() -> None:
    checked(FRESH)
    checked([])


@pytest.mark.parametrize(
    ("proposals", "message"),
    [
        ([*FRESH, *FRESH], "returned 6 values, but at most 3 Proposals"),
        ([FRESH[0].genome], "returned 1 values, but at most 3 Proposals"),
        ([Proposal(FRESH[0].genome[:2])], "not 6 whole numbers each"),
        ([Proposal(FRESH[0].genome + 9)], "a choice that its variable does not have"),
        ([Proposal(np.zeros(6, dtype=np.int64))], "not canonical or outside the bands"),
        ([FRESH[0], FRESH[0]], "returned a genome twice"),
        ([Proposal(VIEW.genomes[0])], "one that it proposed before"),
        ([Proposal(VIEW.pending[0])], "one that it proposed before"),
    ],
)
def test_what_does_not_is_told(proposals: Any, message: str) -> None:
    with pytest.raises(InputError, match=rf"strategy RandomSearch of rnas\.nas\.strategies\.random .*{message}"):
        checked(proposals)


@dataclass
class Repeating:
    """Proposes the first it ever proposed, again and again."""

    problem: Problem

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        earlier = [*view.genomes, *view.pending]
        return [Proposal(earlier[0])] if earlier else RandomSearch(self.problem).propose(n, view, rng)


def test_a_search_stops_and_keeps_what_it_has(problem: Problem) -> None:
    ledger = Ledger.in_memory(OBJECTIVES)
    with pytest.raises(InputError, match=r"strategy Repeating .* proposed before"):
        loop(problem, ledger, strategy=Repeating(problem)).run(14)
    assert len(ledger.records) == len({record.key for record in ledger.records}) == 4
