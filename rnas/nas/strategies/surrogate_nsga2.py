"""The default strategy: a surrogate for each objective that has to be evaluated, and NSGA-II on it.

After NSGANetV2 (Lu et al., ECCV 2020): known costs are computed, never predicted, and the inner search starts from the
front. Unlike there, the batch is chosen for the hypervolume that it is hoped to add, with an kappa drawn anew for
each choice (Berk et al., 2020), and failures are never fitted. With several rungs it is the highest rung with enough
results whose front is sought.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.front import non_dominated
from rnas.nas.strategies.acquisition import Box, choose_batch
from rnas.nas.strategies.candidates import genome_keys, sample_fresh, taken
from rnas.nas.strategies.initial_design import initial_design
from rnas.nas.strategies.inner_search import candidates
from rnas.nas.strategies.options import names, positive_number, share, whole_number
from rnas.nas.strategies.proxy_scores import ProxyScores
from rnas.nas.strategies.surrogate import Surrogate
from rnas.nas.strategy import Problem, Proposal, View

_FEWEST_FITTED = 4
_TRUSTED_TAU = 0.3

SHORTLIST = 300
"""Most candidates that proxies score for one batch: a score is a network built and run."""


@dataclass(frozen=True)
class _Surrogates:
    """What is believed without proxies, and with them where they help; else both are the same."""

    plain: Surrogate
    best: Surrogate

    @property
    def with_proxies(self) -> bool:
        return self.best is not self.plain


class SurrogateNSGA2:
    """Learns what evaluations cost too much to try out.

    Args:
        problem: what is searched.
        initial: evaluations before the surrogate is asked, spread evenly over log FLOPs.
        predictor: name of the predictor of each objective that is not known.
        proxies: names of zero-cost proxies that the predictors may use, for each batch where, cross-validated on what
            was evaluated so far, they order the results better with them. Only the 300 most promising candidates are
            scored; a score costs a forward pass or two of the network, on the CPU.
        kappa: standard deviations, at most, that a candidate is taken to be better than predicted; each
            choice draws its own from 0 to this.
        exploration: share of choices that are random genomes instead, so that no surrogate can trap the search; more,
            up to all of them, where cross-validation finds that the surrogate has not learnt the order of the results.
        population: of the inner NSGA-II, in a space too large to enumerate.
        generations: of the inner NSGA-II.
    """

    def __init__(
        self,
        problem: Problem,
        initial: int = 12,
        predictor: str = "gaussian-process",
        proxies: Sequence[str] = (),
        kappa: float = 1.5,
        exploration: float = 0.05,
        population: int = 100,
        generations: int = 20,
    ) -> None:
        name = "surrogate-nsga2"
        self._problem = problem
        self._initial = whole_number(name, "initial", initial, least=2)
        if not isinstance(predictor, str):
            raise InputError(f"strategy {name}: predictor is {predictor!r}; give a name")
        self._predictor: Any = registry.load(registry.PREDICTORS, predictor)
        known = names(name, "proxies", proxies)
        self._scores = ProxyScores(problem.space, known) if known else None
        self._kappa = positive_number(name, "kappa", kappa)
        self._exploration = share(name, "exploration", exploration)
        self._population = whole_number(name, "population", population, least=4)
        self._generations = whole_number(name, "generations", generations, least=1)

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """See :meth:`rnas.nas.strategy.Strategy.propose`."""
        excluded = taken(view)
        if len(excluded) < self._initial or (~view.failed).sum() < _FEWEST_FITTED:
            tried = np.concatenate([view.genomes, view.pending])
            return [Proposal(genome) for genome in initial_design(self._problem, n, self._initial, tried, rng)]
        surrogates = self._fitted(view)
        surrogate = surrogates.best
        trust = np.clip(surrogate.tau / _TRUSTED_TAU, 0, 1)
        exploration = 1 - (1 - self._exploration) * trust
        explored = sample_fresh(self._problem, int((rng.random(n) < exploration).sum()), excluded, rng)
        chosen = self._chosen(n - len(explored), surrogates, view.pending, excluded | set(genome_keys(explored)), rng)
        genomes = np.concatenate([chosen, explored])
        more = sample_fresh(self._problem, n - len(genomes), excluded | set(genome_keys(genomes)), rng)
        genomes = np.concatenate([genomes, more])
        return [Proposal(g, p) for g, p in zip(genomes, surrogate.predictions(genomes), strict=True)]

    def _fitted(self, view: View) -> _Surrogates:
        """The surrogate, and the one with proxies where it orders the results better."""
        plain = Surrogate(self._problem, view, self._predictor)
        if self._scores is None:
            return _Surrogates(plain, plain)
        scored = Surrogate(self._problem, view, self._predictor, self._scores)
        return _Surrogates(plain, scored if scored.tau > plain.tau else plain)

    def _chosen(
        self, n: int, surrogates: _Surrogates, pending: Integers, excluded: set[bytes], rng: np.random.Generator
    ) -> Integers:
        """Up to ``n`` genomes that promise most."""
        problem, surrogate = self._problem, surrogates.best
        front = non_dominated(surrogate.points)

        def promise(genomes: Integers) -> Floats:
            return surrogates.plain.posterior(genomes).lower_bound(self._kappa / 2)

        pool = candidates(
            problem,
            promise,
            surrogate.genomes[front],
            excluded,
            rng,
            population=self._population,
            generations=self._generations,
        )
        if len(pool) == 0:
            return pool
        if surrogates.with_proxies:
            layers = NonDominatedSorting().do(promise(pool), n_stop_if_ranked=SHORTLIST)
            pool = pool[np.concatenate(layers)[:SHORTLIST]]
        box = Box.around(surrogate.points, problem.reference, problem.ideal)
        counted = [surrogate.points[front], surrogate.underway]
        if len(pending):
            counted.append(surrogate.posterior(pending).mean)
        posterior = box.scaled_posterior(surrogate.posterior(pool))
        kappas = rng.uniform(0, self._kappa, size=n).tolist()
        return pool[choose_batch(posterior, box.scaled(np.concatenate(counted)), kappas)]
