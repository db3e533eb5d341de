"""NNI's own strategies on our spaces. Needs the extra ``nni``."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnas.errors import InputError
from rnas.nas.nni.evolution import BatchedEvolution
from rnas.nas.nni.library import GridSearch, Random, RegularizedEvolution, SimplifiedModelSpace, Strategy
from rnas.nas.nni.replay import ReplayEngine, silence
from rnas.nas.nni.space import model_space
from rnas.nas.objective import minimised
from rnas.nas.strategies.candidates import genome_keys, possible, sample_fresh, taken
from rnas.nas.strategies.scalarization import augmented_chebyshev, crowded_comparison
from rnas.nas.strategy import Problem, Proposal, View
from rnas.networks.cost import Integers

_CLASSES = {"grid-search": GridSearch, "random": Random, "regularized-evolution": RegularizedEvolution}
"""By the name that NNI gives the class, in lower case with hyphens."""

_SCALARIZATIONS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "augmented-chebyshev": augmented_chebyshev,
    "crowded-comparison": crowded_comparison,
}

_TOLD = "told"
_SEEDS = 2**32


class NNIStrategy:
    """A multi-trial strategy of NNI 3, replayed for each batch.

    The strategy is made anew from the search's seed and runs on :func:`rnas.nas.nni.model_space` of the space. The
    networks it asks for are answered with the results in the ledger, each told when it was known then; what it asks for
    beyond is proposed. A network asked for twice is answered from the ledger, a failure as NNI tells one: without a
    metric. A strategy that ends, or asks for nothing new 200 times in a row, is helped out with genomes at random.

    NNI's strategies see one number. Of one objective that is its value. Of several it is their ``scalarization`` among
    all results of the view; where a score that has changed since leads the replay elsewhere, the ledger stands.

    Args:
        problem: what is searched.
        strategy: regularized-evolution (Real et al., AAAI 2019), random, or grid-search, which inside bands needs a
            space that can be enumerated.
        options: of NNI's class, such as ``population_size``.
        scalarization: crowded-comparison, the order of NSGA-II, which keeps to the whole front, or
            augmented-chebyshev, which leads to its knee.
    """

    def __init__(
        self,
        problem: Problem,
        strategy: str = "regularized-evolution",
        options: Mapping[str, Any] | None = None,
        scalarization: str = "crowded-comparison",
    ) -> None:
        self._problem = problem
        self._options = _options(strategy, _chosen("strategy", strategy, _CLASSES), {} if options is None else options)
        self._class = BatchedEvolution if _CLASSES[strategy] is RegularizedEvolution else _CLASSES[strategy]
        self._score = _chosen("scalarization", scalarization, _SCALARIZATIONS)
        self._possible: dict[bytes, bool] = {}
        self._models = SimplifiedModelSpace.from_model(model_space(problem.space))

    def propose(self, n: int, view: View, rng: np.random.Generator) -> list[Proposal]:
        """See :meth:`rnas.nas.strategy.Strategy.propose`."""
        found = self._asked_for(n, view)
        more = sample_fresh(self._problem, n - len(found), taken(view) | set(genome_keys(found)), rng)
        state = {_TOLD: len(view.genomes)}
        return [Proposal(genome, state=state) for genome in np.concatenate([found, more])]

    def _asked_for(self, n: int, view: View) -> Integers:
        """Genomes (k, v), k <= n, that the strategy asks for after those of the view."""
        proposed = np.concatenate([view.genomes, view.pending])
        states = view.states or ({},) * len(proposed)
        engine = ReplayEngine(
            space=self._problem.space,
            possible=self._is_possible,
            proposed=proposed,
            scores=self._scores(view),
            told=[state.get(_TOLD, number) for number, state in enumerate(states)],
            wanted=n,
        )
        with silence():
            self._class(seed=view.seed % _SEEDS, **self._options)(self._models, engine)
        return np.array(engine.found, dtype=np.int64).reshape(len(engine.found), proposed.shape[1])

    def _is_possible(self, genome: Integers) -> bool:
        # Kept, as every replay asks for the same ones.
        [key] = genome_keys(genome[None])
        if key not in self._possible:
            self._possible[key] = bool(possible(self._problem, genome[None])[0])
        return self._possible[key]

    def _scores(self, view: View) -> NDArray[np.float64]:
        """What NNI sees of each result (r,): larger is better, NaN where it failed."""
        complete = ~view.failed
        points = minimised(view.metrics, self._problem.objectives)[complete]
        scores = np.full(len(view.failed), np.nan)
        if len(points) > 0:
            scores[complete] = -points[:, 0] if points.shape[1] == 1 else self._score(points)
        return scores


def _chosen(kind: str, name: Any, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise InputError(f"strategy nni: there is no {kind} {name!r}; known: {', '.join(known)}")
    return known[name]


def _options(name: str, cls: type[Strategy], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, if NNI takes them; InputError else: its classes swallow what they do not know."""
    if not isinstance(options, Mapping):
        raise InputError(f"strategy nni: options is {options!r}; give names and values, as in {{population_size: 20}}")
    parameters = inspect.signature(cls).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "seed"}
    for option, value in options.items():
        if option not in defaults:
            raise InputError(f"strategy nni: {name} has no option {option!r}; it has {', '.join(defaults)}")
        kind = type(defaults[option])
        if type(value) is not kind and (kind, type(value)) != (float, int):
            raise InputError(f"strategy nni: {option} is {value!r}; give a value such as {defaults[option]!r}")
    try:
        cls(seed=0, **options)
    except ValueError as error:
        raise InputError(f"strategy nni: {name} does not take {dict(options)}: {error}") from None
    return dict(options)
