"""Fit surrogate models of the objectives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas._typing import Floats, Integers
from rnas.nas.objective import Objective, minimised
from rnas.nas.predictors._checked_prediction import checked_prediction
from rnas.nas.predictors.predictor import Predictor
from rnas.nas.predictors.validation import cross_validated_tau
from rnas.nas.strategies._acquisition import Posterior
from rnas.nas.strategies._autoregression import Autoregression
from rnas.nas.strategies._candidates import genome_keys
from rnas.nas.strategies._proxy_scores import normal_scores_among
from rnas.nas.strategy import Columns, Prediction, Problem, Results, View

FITTED = 600
"""Largest number of evaluations that a predictor is fitted to, so that its time is bounded as the ledger grows."""

VALIDATED = 150
"""Largest number of evaluations that a predictor is cross-validated on."""

FEWEST_PROMOTED = 8
"""Smallest number of complete evaluations at a higher rung from which the step to it is learnt."""


PARAMS = "params"

PARAMS_SHARE = 0.5
"""Weight of params as an input, relative to features and objectives: capacity predicts well from few evaluations."""

PROXY_SHARE = 1.5
"""Weight of the scores of proxies as an input, if there are any."""


@dataclass(frozen=True)
class Complete:
    """The complete evaluations at one rung, in ledger order.

    Attributes:
        genomes: (n, v) evaluated genomes.
        metrics: (n,) values of each metric, by name.
        points: (n, objectives) values of the objectives, minimised.
    """

    genomes: Integers
    metrics: Columns
    points: Floats

    @classmethod
    def of(cls, results: Results, objectives: Sequence[Objective]) -> "Complete":
        """Collect the complete evaluations from results at one rung."""
        rows = np.flatnonzero(~results.failed)
        metrics = {name: column[rows] for name, column in results.metrics.items()}
        return cls(results.genomes[rows], metrics, minimised(results.metrics, objectives)[rows])


class Surrogate:
    """Fitted predictors, one for each objective that is not known, trained on the complete evaluations.

    Inputs are the features of the space, the known objectives, which together weigh as much as the features, and the
    scores of proxies, if given, as ranks among those of the evaluated genomes. With several rungs, each step to a rung
    with enough results is an :class:`Autoregression`, and the posterior is that of the highest such rung.

    Args:
        problem: the problem to search.
        view: view of the ledger with at least four complete evaluations at the lowest rung.
        predictor: function that makes an unfitted predictor.
        scores: function from genomes (n, v) to scores (n, proxies); None uses no proxies.

    Attributes:
        genomes: (n, v) genomes that are complete at the rung of the posterior.
        points: (n, objectives) values of these genomes, minimised.
        underway: (k, objectives) expected points, at that rung, of genomes that are complete below it and may still be
            promoted.
        tau: smallest cross-validated Kendall's tau of the predictors of the lowest rung; 1 if every objective is known.
    """

    def __init__(
        self,
        problem: Problem,
        view: View,
        predictor: Callable[[], Predictor],
        scores: Callable[[Integers], Floats] | None = None,
    ) -> None:
        self._problem = problem
        lowest = Complete.of(view, problem.objectives)
        self._scores = scores
        self._scored = np.empty((0, 0)) if scores is None else scores(lowest.genomes)
        known = problem.known(lowest.genomes)
        self._known = [o.metric for o in problem.objectives if o.metric in known]
        predicted = [o.metric for o in problem.objectives if o.metric not in known]
        self._with_params = PARAMS in known and PARAMS not in self._known
        rows = fitted_rows(lowest.points, FITTED)
        # Constant inputs have no effect, whatever their weight.
        deviations = [np.sqrt(block.var(axis=0).sum()) or 1.0 for block in self._blocks(lowest.genomes[rows])]
        shares = [1.0, *(1 / np.sqrt(len(self._known)) for _ in self._known), *([PARAMS_SHARE] * self._with_params)]
        shares += [PROXY_SHARE] * self._scored.shape[1]
        self._weights = [share / deviation for share, deviation in zip(shares, deviations, strict=True)]
        inputs = self._inputs(lowest.genomes[rows])
        targets = {metric: lowest.metrics[metric][rows] for metric in predicted}
        self._predictors = {metric: predictor().fit(inputs, target) for metric, target in targets.items()}
        few = spread(len(rows), VALIDATED)
        self.tau = min((cross_validated_tau(predictor, inputs[few], t[few]) for t in targets.values()), default=1.0)
        rungs = [lowest]
        self._steps: list[dict[str, Autoregression]] = []
        for results in view.promoted:
            rung = Complete.of(results, problem.objectives)
            pairs = paired(rungs[-1].genomes, rung.genomes)
            if len(pairs) < FEWEST_PROMOTED:
                break
            self._steps.append(self._step(predictor, rungs[-1], rung, pairs))
            rungs.append(rung)
        self.genomes, self.points = rungs[-1].genomes, rungs[-1].points
        self.underway = self._underway(rungs, view.promoted)

    def posterior(self, genomes: Integers) -> Posterior:
        """Return the posterior of the objectives of genomes (n, v) at the highest rung with enough results."""
        if not self._predictors:
            return self._posterior(genomes, {}, {}, 0)
        predicted = self._predicted(genomes)
        means = {metric: mean for metric, (mean, _) in predicted.items()}
        return self._posterior(genomes, means, {metric: std for metric, (_, std) in predicted.items()}, 0)

    def predictions(self, genomes: Integers) -> list[Mapping[str, Prediction]]:
        """Predict each objective that is not known, at the lowest rung, for each of genomes (n, v).

        A proposal is evaluated at the lowest rung first, so that its prediction can be compared with a result.
        """
        if not self._predictors or len(genomes) == 0:
            return [{} for _ in genomes]
        predicted = self._predicted(genomes)
        return [
            {metric: Prediction(float(mean[row]), float(std[row])) for metric, (mean, std) in predicted.items()}
            for row in range(len(genomes))
        ]

    def _predicted(self, genomes: Integers) -> dict[str, tuple[Floats, Floats]]:
        """Return mean and standard deviation (n,) at the lowest rung of each objective that is not known."""
        inputs = self._inputs(genomes)
        return {metric: checked_prediction(predictor, inputs) for metric, predictor in self._predictors.items()}

    def _posterior(self, genomes: Integers, means: Columns, stds: Columns, rung: int) -> Posterior:
        """Propagate the predicted mean and std of genomes (n, v) at ``rung`` to the highest fitted rung."""
        lifted_means, lifted_stds = dict(means), dict(stds)
        if rung < len(self._steps):
            inputs = self._inputs(genomes)
            for step in self._steps[rung:]:
                for metric, line in step.items():
                    lifted_means[metric], lifted_stds[metric] = line.lifted(
                        inputs, lifted_means[metric], lifted_stds[metric]
                    )
        certain = np.zeros(len(genomes))
        objectives = self._problem.objectives
        std = np.stack([lifted_stds.get(objective.metric, certain) for objective in objectives], axis=1)
        return Posterior(minimised({**self._problem.known(genomes), **lifted_means}, objectives), std)

    def _step(
        self, predictor: Callable[[], Predictor], below: Complete, above: Complete, pairs: Integers
    ) -> dict[str, Autoregression]:
        """Fit the step from a rung to the next to the rows (n, 2) of networks with results at both."""
        lower, upper = pairs[fitted_rows(above.points[pairs[:, 1]], FITTED)].T
        inputs = self._inputs(above.genomes[upper])
        return {
            metric: Autoregression(predictor, inputs, below.metrics[metric][lower], above.metrics[metric][upper])
            for metric in self._predictors
        }

    def _underway(self, rungs: Sequence[Complete], promoted: Sequence[Results]) -> Floats:
        """Return ``underway``; as promotion follows the ledger's order, only genomes after the last promoted one
        count."""
        points = [self.points[:0]]
        for number, (rung, above) in enumerate(zip(rungs[:-1], promoted, strict=False)):
            pairs = paired(rung.genomes, above.genomes)
            rows = np.arange(pairs[:, 0].max() + 1, len(rung.genomes))
            if len(rows):
                means = {metric: rung.metrics[metric][rows] for metric in self._predictors}
                certain = {metric: np.zeros(len(rows)) for metric in means}
                points.append(self._posterior(rung.genomes[rows], means, certain, number).mean)
        return np.concatenate(points)

    def _blocks(self, genomes: Integers) -> list[Floats]:
        """Return inputs (n, ...) in groups: features, each known objective, params if not an objective, proxies."""
        known = self._problem.known(genomes)
        costs = [*self._known, *([PARAMS] * self._with_params)]
        blocks = [self._problem.space.features(genomes), *(known[metric][:, None] for metric in costs)]
        if self._scores is not None:
            columns = zip(self._scores(genomes).T, self._scored.T, strict=True)
            blocks += [normal_scores_among(values, others)[:, None] for values, others in columns]
        return blocks

    def _inputs(self, genomes: Integers) -> Floats:
        blocks = self._blocks(genomes)
        return np.concatenate([b * w for b, w in zip(blocks, self._weights, strict=True)], axis=1)


def fitted_rows(points: Floats, most: int) -> Integers:
    """Select which of points (n, m) to fit to: all, or the best half by rank and the rest evenly over their order."""
    if len(points) <= most:
        return np.arange(len(points))
    ranked = np.concatenate(NonDominatedSorting().do(points, n_stop_if_ranked=most // 2))[: most // 2]
    others = np.setdiff1d(np.arange(len(points)), ranked)
    rows: Integers = np.sort(np.concatenate([ranked, others[spread(len(others), most - len(ranked))]]))
    return rows


def paired(below: Integers, above: Integers) -> Integers:
    """Return the rows (k, 2) of equal genomes in (n, v) and (m, v), in the order of the second."""
    places = {key: row for row, key in enumerate(genome_keys(below))}
    rows = [(places[key], row) for row, key in enumerate(genome_keys(above)) if key in places]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def spread(n: int, most: int) -> Integers:
    """Select at most a number of ``n`` rows, evenly."""
    return np.linspace(0, n - 1, min(n, most)).astype(np.int64)
