"""Check the proposals of a strategy before they are evaluated."""

from collections.abc import Sequence

import numpy as np

from rnas.errors import InputError
from rnas.nas.strategies._candidates import genome_keys, taken
from rnas.nas.strategy import Problem, Proposal, Strategy, View


def check_proposals(strategy: Strategy, proposals: Sequence[Proposal], n: int, problem: Problem, view: View) -> None:
    """Check that proposals meet the contract of a strategy, so that no evaluation is repeated or outside the bands.

    Args:
        strategy: the strategy that made the proposals.
        proposals: the proposals.
        n: number of proposals that were requested.
        problem: the problem to search.
        view: the view of the ledger that the strategy was given.

    Raises:
        InputError: there are too many proposals, or they are no proposals, or a genome is not canonical, outside the
            bands, or not new.
    """
    if len(proposals) > n or not all(isinstance(proposal, Proposal) for proposal in proposals):
        raise _broken(strategy, f"returned {len(proposals)} values, but at most {n} Proposals were requested")
    if not proposals:
        return
    try:
        genomes = np.array([proposal.genome for proposal in proposals], dtype=np.int64)
    except (TypeError, ValueError):
        genomes = np.empty(0, dtype=np.int64)
    if genomes.shape != (len(proposals), len(problem.space.variables)):
        raise _broken(strategy, f"returned genomes that are not {len(problem.space.variables)} whole numbers each")
    if ((genomes < 0) | (genomes >= problem.space.sizes)).any():
        raise _broken(strategy, "returned a genome with a choice that its variable does not have")
    if (problem.space.repair(genomes, np.random.default_rng(0)) != genomes).any():
        raise _broken(strategy, "returned a genome that is not canonical or outside the bands; apply space.repair")
    if len({*genome_keys(genomes)} - taken(view)) < len(genomes):
        raise _broken(strategy, "returned a genome twice, or one that it proposed before")


def _broken(strategy: Strategy, what: str) -> InputError:
    return InputError(
        f"strategy {type(strategy).__name__} of {type(strategy).__module__} {what}: this is a bug in the "
        "strategy; the ledger is unchanged (rnas.testing.strategy.StrategyConformance tests for this)"
    )
