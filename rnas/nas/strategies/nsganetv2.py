"""Search as NSGANetV2 does, by MSuNAS (Lu, Deb, Goodman, Banzhaf, Boddeti, ECCV 2020).

A surrogate, chosen by rank correlation, predicts what must be evaluated; NSGA-II searches on predictions and known
costs; and of its population a batch is selected that fills the gaps of the front along the cost.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.front import non_dominated
from rnas.nas.objective import minimised
from rnas.nas.predictors._checked_prediction import checked_prediction
from rnas.nas.predictors.predictor import Predictor
from rnas.nas.predictors.switching import Switching
from rnas.nas.strategies._candidates import genome_keys, sample_fresh, taken
from rnas.nas.strategies._evolution import survivors
from rnas.nas.strategies._initial_design import initial_proposals
from rnas.nas.strategies._inner_search import candidates
from rnas.nas.strategies._options import names, whole_number
from rnas.nas.strategy import Prediction, Problem, Proposal, View

_PREDICTORS = ("radial-basis", "gaussian-process", "gradient-boosting", "mlp-ensemble")

_FEWEST_FITTED = 4


class NSGANetV2:
    """Propose genomes by the surrogate and the subset selection of NSGANetV2.

    As in the paper, the surrogate with the best Kendall's tau in cross-validation, as mean less standard deviation, is
    used: radial basis functions, a Gaussian process, trees or a perceptron. NSGA-II with 40 individuals and 20
    generations starts from the front. The batch is the part of its last population whose costs, together with those of
    the front, have gaps of the least standard deviation.

    The following is ours. The predictors are those of rnas, so that boosted trees take the place of a CART, and folds
    are three. Inputs are the features of the space. Each objective that is not known has a surrogate; the cost is the
    first known objective, or the last objective if none is known. A space that can be enumerated is searched as a
    whole instead of by NSGA-II, and a large one also starts from random genomes. A greedy choice replaces the genetic
    algorithm that selects the batch, the first genomes are spread over FLOPs, and failed evaluations are left out.

    Args:
        problem: the problem to search.
        initial: number of evaluations before the surrogate is used; 100 in the paper.
        population: population size of NSGA-II; 40 in the paper's code.
        generations: number of generations of NSGA-II; 20 in the paper's code.
        predictors: names of the predictors to choose from.
    """

    def __init__(
        self,
        problem: Problem,
        initial: int = 100,
        population: int = 40,
        generations: int = 20,
        predictors: Sequence[str] = _PREDICTORS,
    ) -> None:
        self._problem = problem
        self._initial = whole_number("nsganetv2", "initial", initial, least=1)
        self._population = whole_number("nsganetv2", "population", population, least=4)
        self._generations = whole_number("nsganetv2", "generations", generations, least=1)
        if not predictors:
            raise InputError("strategy nsganetv2: predictors is empty; name at least one, such as [radial-basis]")
        self._predictor = partial(Switching, names("nsganetv2", "predictors", predictors))
        self._predictor()

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """Propose a batch by the surrogate; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        problem = self._problem
        first = initial_proposals(problem, n, self._initial, _FEWEST_FITTED, view, rng)
        if first is not None:
            return first
        excluded = taken(view)
        complete = np.flatnonzero(~view.failed)
        genomes = view.genomes[complete]
        points = minimised(view.metrics, problem.objectives)[complete]
        surrogate = _Surrogate(problem, genomes, points, self._predictor)
        front = non_dominated(points)
        visited = candidates(
            problem,
            lambda found: surrogate.predict(found)[0],
            genomes[front],
            excluded,
            rng,
            population=self._population,
            generations=self._generations,
        )
        chosen = visited
        if len(visited) > 0:
            size = max(self._population, n)
            population = survivors(problem.space, visited, surrogate.predict(visited)[0], size, rng)
            pool, expected = population.get("X").astype(np.int64), population.get("F")
            axis = surrogate.cost
            chosen = pool[fill_gaps(expected[:, axis], points[front][:, axis], n)]
        more = sample_fresh(problem, n - len(chosen), excluded | set(genome_keys(chosen)), rng)
        proposed = np.concatenate([chosen, more])
        return [Proposal(g, p) for g, p in zip(proposed, surrogate.predictions(proposed), strict=True)]


class _Surrogate:
    """Predictors of the objectives that are not known, fitted to points (n, objectives) of genomes (n, v).

    Attributes:
        cost: place of the objective along which gaps are filled.
    """

    def __init__(self, problem: Problem, genomes: Integers, points: Floats, predictor: Callable[[], Predictor]) -> None:
        self._problem = problem
        known = problem.known(genomes)
        places = range(len(problem.objectives))
        self._predicted = [place for place in places if problem.objectives[place].metric not in known]
        self.cost = next((place for place in places if place not in self._predicted), places[-1])
        features = problem.space.features(genomes)
        self._predictors = {place: predictor().fit(features, points[:, place]) for place in self._predicted}

    def predict(self, genomes: Integers) -> tuple[Floats, Floats]:
        """Return mean and standard deviation (n, objectives) of points of genomes (n, v)."""
        problem = self._problem
        known = problem.known(genomes)
        mean, std = np.zeros((2, len(genomes), len(problem.objectives)))
        features = problem.space.features(genomes)
        for place, objective in enumerate(problem.objectives):
            if place in self._predicted:
                mean[:, place], std[:, place] = checked_prediction(self._predictors[place], features)
            else:
                mean[:, place] = objective.sign * known[objective.metric]
        return mean, std

    def predictions(self, genomes: Integers) -> list[dict[str, Prediction]]:
        """Predict the objectives that are not known, for each of genomes (n, v)."""
        if len(genomes) == 0:
            return []
        objectives = [self._problem.objectives[place] for place in self._predicted]
        mean, std = (part[:, self._predicted] for part in self.predict(genomes))
        return [
            {o.metric: Prediction(o.sign * float(m), float(s)) for o, m, s in zip(objectives, means, stds, strict=True)}
            for means, stds in zip(mean, std, strict=True)
        ]


def fill_gaps(costs: Floats, front: Floats, n: int) -> list[int]:
    """Choose up to ``n`` of costs (k,) so that gaps between them and the costs (m,) of the front are nearly equal.

    Each choice is that after which the standard deviation of the gaps is least.
    """
    chosen: list[int] = []
    while len(chosen) < min(n, len(costs)):
        present = np.concatenate([front, costs[chosen]])
        free = np.setdiff1d(np.arange(len(costs)), chosen)
        sorted_costs = np.sort(np.column_stack([np.tile(present, (len(free), 1)), costs[free]]), axis=1)
        chosen.append(int(free[np.diff(sorted_costs, axis=1).std(axis=1).argmin()]))
    return chosen
