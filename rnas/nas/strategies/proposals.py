"""What a strategy proposed, held to its contract before it is evaluated."""

from collections.abc import Sequence

import numpy as np

from rnas.errors import InputError
from rnas.nas.strategies.candidates import genome_keys, taken
from rnas.nas.strategy import Problem, Proposal, Strategy, View


def check_proposals(strategy: Strategy, proposals: Sequence[Proposal], n: int, problem: Problem, view: View) -> None:
    """Nothing, if a strategy keeps to its contract; a search would else pay for what it knows, or leave its bands.

    Args:
        strategy: that was asked.
        proposals: what it gave.
        n: how many it was asked for.
        problem: what is searched.
        view: that it was given.

    Raises:
        InputError: they are too many or no proposals, or a genome is not canonical, outside the bands, or not new.
    """
    if len(proposals) > n or not all(isinstance(proposal, Proposal) for proposal in proposals):
        raise _broken(strategy, f"gave {len(proposals)} things where at most {n} Proposals are asked for")
    if not proposals:
        return
    try:
        genomes = np.array([proposal.genome for proposal in proposals], dtype=np.int64)
    except (TypeError, ValueError):
        genomes = np.empty(0, dtype=np.int64)
    if genomes.shape != (len(proposals), len(problem.space.variables)):
        raise _broken(strategy, f"gave genomes that are not of {len(problem.space.variables)} whole numbers each")
    if ((genomes < 0) | (genomes >= problem.space.sizes)).any():
        raise _broken(strategy, "gave a genome with a choice that its variable has not")
    if (problem.space.repair(genomes, np.random.default_rng(0)) != genomes).any():
        raise _broken(strategy, "gave a genome that is not canonical or outside the bands; space.repair makes it so")
    if len({*genome_keys(genomes)} - taken(view)) < len(genomes):
        raise _broken(strategy, "gave a genome twice, or one that it proposed before")


def _broken(strategy: Strategy, what: str) -> InputError:
    return InputError(
        f"strategy {type(strategy).__name__} of {type(strategy).__module__} {what}: it must be mended; what is in the "
        "ledger is kept (rnas.testing.strategy.StrategyConformance tests for this)"
    )
