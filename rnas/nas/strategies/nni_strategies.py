"""Run NNI's own strategies on rnas search spaces; this needs the extra ``nni``."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.nni._evolution import BatchedEvolution
from rnas.nas.nni._library import GridSearch, Random, RegularizedEvolution, SimplifiedModelSpace, Strategy
from rnas.nas.nni._replay import ReplayEngine, silence
from rnas.nas.nni.space import model_space
from rnas.nas.objective import minimised
from rnas.nas.strategies._candidates import genome_keys, possible, sample_fresh, taken
from rnas.nas.strategies._scalarization import augmented_chebyshev, crowded_comparison
from rnas.nas.strategy import Problem, Proposal, View

_CLASSES = {"grid-search": GridSearch, "random": Random, "regularized-evolution": RegularizedEvolution}
"""NNI's strategies by the name of their class, in lower case with hyphens."""

_SCALARIZATIONS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "augmented-chebyshev": augmented_chebyshev,
    "crowded-comparison": crowded_comparison,
}

_TOLD = "told"
_SEEDS = 2**32


class NNIStrategy:
    """A multi-trial strategy of NNI 3, replayed for each batch.

    For each batch the strategy is created again from the seed of the search and runs on
    :func:`rnas.nas.nni.model_space` of the space. Its requests are answered with the results in the ledger, in the
    order in which these became known. Requests without a result are proposed. A repeated request is answered from the
    ledger. A failure is reported without a metric, as NNI does. If the strategy ends, or requests nothing new 200 times
    in a row, random genomes are proposed instead.

    Results are reported in the order of their proposal, so that it cannot serve an asynchronous search.

    NNI's strategies see one number: the value of a single objective, or the ``scalarization`` of several among all
    results of the view. Such scores change with further results. If the replay then requests another network than the
    one in the ledger, the one in the ledger is used.

    Args:
        problem: the problem to search.
        strategy: regularized-evolution (Real et al., AAAI 2019), random, or grid-search. With bands, grid-search needs
            a space that can be enumerated.
        options: options of NNI's class, such as ``population_size``.
        scalarization: crowded-comparison, the order of NSGA-II, which covers the whole front, or augmented-chebyshev,
            which leads to the knee of the front.
    """

    needs_batches: ClassVar[bool] = True

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
        """Propose what NNI's strategy requests next; see :meth:`rnas.nas.strategy.Strategy.propose`."""
        found = self._asked_for(n, view)
        more = sample_fresh(self._problem, n - len(found), taken(view) | set(genome_keys(found)), rng)
        state = {_TOLD: len(view.genomes)}
        return [Proposal(genome, state=state) for genome in np.concatenate([found, more])]

    def _asked_for(self, n: int, view: View) -> Integers:
        """Return genomes (k, v), k <= n, that the strategy requests after those of the view."""
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
        # They are cached, since every replay requests the same ones.
        [key] = genome_keys(genome[None])
        if key not in self._possible:
            self._possible[key] = bool(possible(self._problem, genome[None])[0])
        return self._possible[key]

    def _scores(self, view: View) -> NDArray[np.float64]:
        """Return the number that NNI sees for each result (r,); larger is better, NaN marks a failure."""
        complete = ~view.failed
        points = minimised(view.metrics, self._problem.objectives)[complete]
        scores = np.full(len(view.failed), np.nan)
        if len(points) > 0:
            scores[complete] = -points[:, 0] if points.shape[1] == 1 else self._score(points)
        return scores


def _chosen(kind: str, name: Any, known: Mapping[str, Any]) -> Any:
    if not isinstance(name, str) or name not in known:
        raise InputError(f"strategy nni: unknown {kind} {name!r}; known: {', '.join(known)}")
    return known[name]


def _options(name: str, cls: type[Strategy], options: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options; raise InputError for unknown ones, which NNI's own classes ignore silently."""
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
        raise InputError(f"strategy nni: {name} does not accept {dict(options)}: {error}") from None
    return dict(options)
