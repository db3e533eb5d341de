"""What is believed of genomes that have not been evaluated."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas.cost import Integers
from rnas.optimization.acquisition import Beliefs
from rnas.optimization.objective import minimised
from rnas.optimization.strategy import Prediction, Problem, View
from rnas.predictors.predictor import Predictor
from rnas.predictors.validation import cross_validated_tau

Floats = NDArray[np.float64]

FITTED = 600
"""Most evaluations that a predictor is fitted to, so that its time stays bounded as the ledger grows."""

VALIDATED = 150
"""Most evaluations that it is cross-validated on."""


class Surrogate:
    """A predictor for each objective that is not known, fitted to the complete evaluations.

    Its inputs are the space's features and the known objectives, all of these together weighing as much as those.

    Args:
        problem: what is searched.
        view: what was evaluated; at least four evaluations are complete.
        predictor: makes an unfitted predictor.

    Attributes:
        genomes: (n, v) that are complete.
        points: (n, objectives) of those, minimised.
        tau: least cross-validated Kendall's tau of the predictors; 1 where every objective is known.
    """

    def __init__(self, problem: Problem, view: View, predictor: Callable[[], Predictor]) -> None:
        self._problem = problem
        complete = np.flatnonzero(~view.failed)
        self.genomes = view.genomes[complete]
        self.points = minimised(view.metrics, problem.objectives)[complete]
        known = problem.known(self.genomes)
        self._known = [o.metric for o in problem.objectives if o.metric in known]
        predicted = [o.metric for o in problem.objectives if o.metric not in known]
        rows = fitted_rows(self.points, FITTED)
        # Constant inputs say nothing, whatever their weight.
        features, *costs = [np.sqrt(block.var(axis=0).sum()) or 1.0 for block in self._blocks(self.genomes[rows])]
        self._weights = [1 / features, *(1 / (cost * np.sqrt(len(costs))) for cost in costs)]
        inputs = self._inputs(self.genomes[rows])
        targets = {metric: view.metrics[metric][complete][rows] for metric in predicted}
        self._predictors = {metric: predictor().fit(inputs, target) for metric, target in targets.items()}
        few = spread(len(rows), VALIDATED)
        self.tau = min((cross_validated_tau(predictor, inputs[few], t[few]) for t in targets.values()), default=1.0)

    def beliefs(self, genomes: Integers) -> Beliefs:
        """What is expected of the objectives of genomes (n, v)."""
        means: dict[str, Floats] = dict(self._problem.known(genomes))
        stds: dict[str, Floats] = {}
        if self._predictors:
            inputs = self._inputs(genomes)
            for metric, predictor in self._predictors.items():
                means[metric], stds[metric] = predictor.predict(inputs)
        certain = np.zeros(len(genomes))
        std = np.stack([stds.get(objective.metric, certain) for objective in self._problem.objectives], axis=1)
        return Beliefs(minimised(means, self._problem.objectives), std)

    def predictions(self, genomes: Integers) -> list[Mapping[str, Prediction]]:
        """The prediction of each objective that is not known, for each of genomes (n, v)."""
        if not self._predictors or len(genomes) == 0:
            return [{} for _ in genomes]
        inputs = self._inputs(genomes)
        predicted = {metric: predictor.predict(inputs) for metric, predictor in self._predictors.items()}
        return [
            {metric: Prediction(float(mean[row]), float(std[row])) for metric, (mean, std) in predicted.items()}
            for row in range(len(genomes))
        ]

    def _blocks(self, genomes: Integers) -> list[Floats]:
        """Inputs (n, ...) in groups: the space's features, and each known objective."""
        known = self._problem.known(genomes)
        return [self._problem.space.features(genomes), *(known[metric][:, None] for metric in self._known)]

    def _inputs(self, genomes: Integers) -> Floats:
        blocks = self._blocks(genomes)
        return np.concatenate([b * w for b, w in zip(blocks, self._weights, strict=True)], axis=1)


def fitted_rows(points: Floats, most: int) -> Integers:
    """Which of points (n, m) to fit to: all, or the best half by rank and the rest evenly over their order."""
    if len(points) <= most:
        return np.arange(len(points))
    ranked = np.concatenate(NonDominatedSorting().do(points, n_stop_if_ranked=most // 2))[: most // 2]
    others = np.setdiff1d(np.arange(len(points)), ranked)
    rows: Integers = np.sort(np.concatenate([ranked, others[spread(len(others), most - len(ranked))]]))
    return rows


def spread(n: int, most: int) -> Integers:
    """At most so many of ``n`` rows, evenly."""
    return np.linspace(0, n - 1, min(n, most)).astype(np.int64)
