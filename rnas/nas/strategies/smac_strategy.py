"""Search by ParEGO (Knowles, IEEE TEC 2006) of SMAC3 (Lindauer et al., JMLR 2022); this needs an extra."""

from typing import TYPE_CHECKING

import numpy as np

from rnas._typing import Integers
from rnas.nas.objective import minimised
from rnas.nas.strategies._candidates import fresh, genome_keys, sample_fresh, taken
from rnas.nas.strategies._initial_design import initial_proposals
from rnas.nas.strategies._options import whole_number
from rnas.nas.strategy import Problem, Proposal, View
from rnas.utils._extras import require_extra
from rnas.utils._lazy import LazyModule

require_extra("smac", "smac")
if TYPE_CHECKING:
    from rnas.nas.strategies import _smac_optimizer as optimizers
else:
    # SMAC takes seconds to import.
    optimizers = LazyModule("rnas.nas.strategies._smac_optimizer")

_MOST_REPEATS = 10
"""Largest number of suggestions in a row that may be proposed already; then random genomes are proposed."""


class SMAC:
    """Propose what SMAC3's facade for hyperparameter optimisation suggests, with ParEGO for several objectives.

    SMAC3 fits a random forest to the augmented Chebyshev value of the objectives with random weights, and maximises the
    expected improvement by local search and random search; some suggestions are random. Unordered variables are
    categorical, ordered ones are integers. Known objectives are outcomes like the others, since SMAC3 has no exact
    ones.

    For each batch SMAC3 is created again and told all results, so that its own state does not matter; a batch of up to
    8 has one draw of the weights. Pending and failed evaluations are trials that run. A suggestion outside the bands is
    moved inside by the space's repair, and one that was proposed before is skipped. The first genomes are ours, since
    SMAC3's own would not be inside the bands.

    Args:
        problem: the problem to search.
        initial: number of evaluations before SMAC3 is used, spread evenly over FLOPs.

    Raises:
        InputError: SMAC3 is not installed.
    """

    def __init__(self, problem: Problem, initial: int = 12) -> None:
        self._problem = problem
        self._initial = whole_number("smac", "initial", initial, least=1)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose what SMAC3 suggests; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        problem = self._problem
        first = initial_proposals(problem, n, self._initial, 1, view, rng)
        if first is not None:
            return first
        excluded = taken(view)
        complete = np.flatnonzero(~view.failed)
        points = minimised(view.metrics, problem.objectives)[complete]
        running = np.concatenate([view.genomes[view.failed], view.pending])
        chosen = view.genomes[:0]
        with optimizers.optimizer(
            problem.space, view.genomes[complete], points, running, int(rng.integers(2**31))
        ) as suggestions:
            repeats = 0
            while len(chosen) < n and repeats <= _MOST_REPEATS:
                suggested: Integers | None = next(suggestions, None)
                if suggested is None:
                    break
                moved = problem.space.repair(suggested[None], rng)
                found = fresh(problem, moved, excluded | set(genome_keys(chosen)))
                repeats = 0 if len(found) else repeats + 1
                chosen = np.concatenate([chosen, found])
        more = sample_fresh(problem, n - len(chosen), excluded | set(genome_keys(chosen)), rng)
        return [Proposal(genome) for genome in np.concatenate([chosen, more])]
