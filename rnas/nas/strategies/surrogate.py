"""Fit surrogate models of the objectives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas._typing import Floats, Integers
from rnas.nas._rungs import promoted
from rnas.nas.objective import Objective, minimised
from rnas.nas.predictors._checked_prediction import checked_prediction
from rnas.nas.predictors.predictor import Predictor
from rnas.nas.predictors.validation import cross_validated_tau
from rnas.nas.strategies._acquisition import Posterior
from rnas.nas.strategies._autoregression import Autoregression
from rnas.nas.strategies._candidates import genome_keys
from rnas.nas.strategies._error_scale import LogDistance, normal_draws
from rnas.nas.strategies._proxy_scores import normal_scores_among
from rnas.nas.strategy import Prediction, Problem, Results, View

FITTED = 600
"""Largest number of evaluations that a predictor is fitted to, so that its time is bounded as the ledger grows."""

VALIDATED = 90
"""Largest number of evaluations that a predictor is cross-validated on."""

FEWEST_PROMOTED = 8
"""Smallest number of complete evaluations at a higher rung from which the step to it is learnt."""

COSTS = ("flops", "params")
"""Known metrics that are inputs too, as logarithms: capacity predicts well from few evaluations."""

COST_SHARE = 0.5
"""Weight of each cost as an input, relative to the features, before the predictor learns how relevant it is."""

PROXY_SHARE = 1.5
"""Weight of the scores of proxies as an input, if there are any."""


NOISY = 0.1
"""Share of the variance of results from which their noise counts as large."""

FEWEST_NOISY = 40
"""Smallest number of fitted evaluations that tell noise from what a predictor has not learnt yet."""


@dataclass(frozen=True)
class Complete:
    """The complete evaluations at one rung, in ledger order.

    Attributes:
        genomes: (n, v) evaluated genomes.
        points: (n, objectives) values of the objectives, minimised.
    """

    genomes: Integers
    points: Floats

    @classmethod
    def of(cls, results: Results, objectives: Sequence[Objective]) -> "Complete":
        """Collect the complete evaluations from results at one rung."""
        rows = np.flatnonzero(~results.failed)
        return cls(results.genomes[rows], minimised(results.metrics, objectives)[rows])


class Surrogate:
    """Fitted predictors, one for each objective that is not known, trained on the complete evaluations.

    An objective is predicted as its :class:`LogDistance`. Inputs are the features of the space, the costs, if the
    predictor learns how relevant each input is, and the scores of proxies, if given, as ranks among those of the
    evaluated genomes. If a predictor says that the noise of results is large, the posterior is that of the function
    without it, so that a lucky result does not hide networks that are better. With several rungs, each step to a rung
    with enough results is an :class:`Autoregression`, and the posterior is that of the highest such rung.

    Args:
        problem: the problem to search.
        view: view of the ledger with at least four complete evaluations at the lowest rung.
        predictor: function that makes an unfitted predictor.
        scores: function from genomes (n, v) to scores (n, proxies); None uses no proxies.

    Attributes:
        genomes: (n, v) genomes that are complete at the rung of the posterior.
        points: (n, objectives) values of these genomes, minimised.
        expected: (n, objectives) the same, but of an objective with large noise the median of its posterior.
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
        weighs = getattr(predictor(), "weighs_features", False)
        self._costs = [cost for cost in COSTS if weighs and cost in known]
        self._predicted = [place for place, o in enumerate(problem.objectives) if o.metric not in known]
        rows = fitted_rows(lowest.points, FITTED)
        fitted = lowest.genomes[rows]
        self._scales = {place: LogDistance(lowest.points[rows, place]) for place in self._predicted}
        # Constant inputs have no effect, whatever their weight.
        self._deviations = [np.sqrt(block.var(axis=0).sum()) or 1.0 for block in self._blocks(fitted)]
        inputs = self._inputs(fitted)
        self._predictors = {p: predictor().fit(inputs, self._scales[p].scores) for p in self._predicted}
        self._noises = {place: self._large_noise(place) for place in self._predicted}
        few = spread(len(rows), VALIDATED)
        taus = [cross_validated_tau(predictor, inputs[few], self._scales[p].scores[few]) for p in self._predicted]
        self.tau = min(taus, default=1.0)
        rungs = [lowest]
        self._steps: list[dict[int, Autoregression]] = []
        for results in view.promoted:
            rung = Complete.of(results, problem.objectives)
            pairs = paired(rungs[-1].genomes, rung.genomes)
            if len(pairs) < FEWEST_PROMOTED:
                break
            self._steps.append(self._step(predictor, rungs[-1], rung, pairs))
            rungs.append(rung)
        self.genomes, self.points = rungs[-1].genomes, rungs[-1].points
        self.underway = self._underway(rungs, view)
        self.expected = self.points.copy()
        noisy = [place for place, noise in self._noises.items() if noise > 0 and not self._steps]
        if noisy:
            self.expected[:, noisy] = self.posterior(self.genomes).median[:, noisy]

    def posterior(self, genomes: Integers) -> Posterior:
        """Return the posterior of the objectives of genomes (n, v) at the highest rung with enough results."""
        nodes, weights = normal_draws(len(self._predicted))
        draws = np.repeat(self._exact(genomes)[None], len(weights), axis=0)
        for node, place in zip(nodes.T, self._predicted, strict=True) if self._predicted else ():
            scores = self._scores_of(genomes, place)
            if self._steps:
                mean, std = self._lifted(genomes, place, *self._scales[place].moments(*scores), 0)
                draws[:, :, place] = mean + std * node[:, None]
            else:
                std = np.sqrt(np.maximum(scores[1] ** 2 - self._noises[place] ** 2, 0))
                draws[:, :, place] = self._scales[place].values(scores[0] + std * node[:, None])
        return Posterior(draws, weights)

    def predictions(self, genomes: Integers, widening: float = 1.0) -> list[Mapping[str, Prediction]]:
        """Predict each objective that is not known, at the lowest rung, for each of genomes (n, v).

        A proposal is evaluated at the lowest rung first, so that its prediction can be compared with a result. Standard
        deviations are multiplied by ``widening``.
        """
        predicted: list[dict[str, Prediction]] = [{} for _ in genomes]
        for place in self._predicted if len(genomes) else ():
            objective = self._problem.objectives[place]
            means, stds = self._scales[place].moments(*self._scores_of(genomes, place))
            for row, (mean, std) in enumerate(zip(means, stds, strict=True)):
                predicted[row][objective.metric] = Prediction(objective.sign * float(mean), widening * float(std))
        return list(predicted)

    def _large_noise(self, place: int) -> float:
        """Return the noise of an objective's scores, as a standard deviation; 0 if it is not large or not known."""
        noise: float = getattr(self._predictors[place], "noise_std", 0.0)
        scores = self._scales[place].scores
        return noise if len(scores) >= FEWEST_NOISY and noise**2 > NOISY * float(scores.var()) else 0.0

    def _exact(self, genomes: Integers) -> Floats:
        """Return the known objectives (n, objectives) of genomes (n, v), and 0 for the others."""
        unknown = {self._problem.objectives[place].metric: np.zeros(len(genomes)) for place in self._predicted}
        return minimised({**self._problem.known(genomes), **unknown}, self._problem.objectives)

    def _scores_of(self, genomes: Integers, place: int) -> tuple[Floats, Floats]:
        """Return mean and standard deviation (n,) of an objective's scores at the lowest rung."""
        return checked_prediction(self._predictors[place], self._inputs(genomes))

    def _lifted(self, genomes: Integers, place: int, mean: Floats, std: Floats, rung: int) -> tuple[Floats, Floats]:
        """Propagate mean and std (n,) of an objective at ``rung`` to the highest fitted rung."""
        inputs = self._inputs(genomes)
        for step in self._steps[rung:]:
            mean, std = step[place].lifted(inputs, mean, std)
        return mean, std

    def _step(
        self, predictor: Callable[[], Predictor], below: Complete, above: Complete, pairs: Integers
    ) -> dict[int, Autoregression]:
        """Fit the step from a rung to the next to the rows (n, 2) of networks with results at both."""
        lower, upper = pairs[fitted_rows(above.points[pairs[:, 1]], FITTED)].T
        return {
            place: Autoregression(
                predictor,
                self._inputs(above.genomes[upper]),
                below.points[lower, place],
                above.points[upper, place],
            )
            for place in self._predicted
        }

    def _underway(self, rungs: Sequence[Complete], view: View) -> Floats:
        """Return ``underway``: the genomes after the last promoted one, as promotion follows the ledger's order, and in
        an asynchronous search those of the better share of their rung."""
        points = [self.points[:0]]
        for number, (rung, above) in enumerate(zip(rungs[:-1], view.promoted, strict=False)):
            pairs = paired(rung.genomes, above.genomes)
            if view.promote is None:
                rows = np.arange(pairs[:, 0].max() + 1, len(rung.genomes))
            else:
                every = np.arange(len(rung.genomes))
                rows = np.setdiff1d(promoted(rung.points, every, int(view.promote * len(every))), pairs[:, 0])
            if len(rows):
                expected = self._exact(rung.genomes[rows])
                certain = np.zeros(len(rows))
                for place in self._predicted:
                    below = rung.points[rows, place]
                    expected[:, place] = self._lifted(rung.genomes[rows], place, below, certain, number)[0]
                points.append(expected)
        return np.concatenate(points)

    def _blocks(self, genomes: Integers) -> list[Floats]:
        """Return inputs (n, ...) in groups: features, each cost, each proxy."""
        known = self._problem.known(genomes)
        blocks = [self._problem.space.features(genomes)]
        blocks += [np.log(np.maximum(known[cost], 1.0))[:, None] for cost in self._costs]
        if self._scores is not None:
            columns = zip(self._scores(genomes).T, self._scored.T, strict=True)
            blocks += [normal_scores_among(values, others)[:, None] for values, others in columns]
        return blocks

    def _inputs(self, genomes: Integers) -> Floats:
        """Return the weighted inputs (n, f) of the predictors."""
        shares = [1.0, *[COST_SHARE] * len(self._costs), *[PROXY_SHARE] * self._scored.shape[1]]
        weighted = zip(self._blocks(genomes), shares, self._deviations, strict=True)
        return np.concatenate([block * (share / deviation) for block, share, deviation in weighted], axis=1)


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
