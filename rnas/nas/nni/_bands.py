"""Express bands on FLOPs and params as an NNI constraint on samples."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.nni._library import Constraint, ConstraintViolation, LabeledMutable, Mutable, SampleValidationError
from rnas.nas.nni.samples import genome_of, sample_of
from rnas.nas.space import SearchSpace
from rnas.utils.quantities import Band

LABEL = "bands"

_BLOCK = 32
_SEEDS = 2**31 - 1

Sample = dict[str, Any]


def has_bands(space: SearchSpace) -> bool:
    """Return whether a space limits FLOPs or params."""
    return space.settings.flops != Band() or space.settings.params != Band()


def violation(space: SearchSpace, genome: Integers) -> str | None:
    """Return which band the cost of a canonical genome (v,) violates, or None if it is inside all bands."""
    costs = space.cost(genome[None])
    for name, band, cost in (
        ("flops", space.settings.flops, int(costs.flops[0])),
        ("params", space.settings.params, int(costs.params[0])),
    ):
        if cost < band.low or (band.high is not None and cost > band.high):
            return f"{name} of {cost} are outside {band}"
    return None


class InsideBands(Constraint):  # type: ignore[misc]
    """The bands of a space, added to a model space before its variables.

    A sample outside the bands violates it, so that NNI's strategies try again. If no variable is chosen yet, it chooses
    all of them, since very few uniform samples may be inside a narrow band. It draws them stratified over log FLOPs, in
    blocks of 32, from the generator that it is given.

    Args:
        space: search space with bands.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.label = LABEL
        self._space = space
        self._violations: dict[bytes, str | None] = {}
        self._blocks: dict[int, Integers] = {}
        self._source: np.random.RandomState | None = None
        self._drawn: Iterator[Integers] = iter(())

    def leaf_mutables(self, is_leaf: Callable[[Mutable], bool]) -> Iterable[LabeledMutable]:
        """Return this constraint alone: the variables belong to the model space."""
        yield self

    def check_contains(self, sample: Sample) -> SampleValidationError | None:
        """Return a ConstraintViolation for a sample outside the bands, and None for one inside."""
        genome = genome_of(self._space, sample)
        key = genome.tobytes()
        if key not in self._violations:
            self._violations[key] = violation(self._space, genome)
        wrong = self._violations[key]
        return None if wrong is None else ConstraintViolation(wrong)

    def default(self, memo: Sample | None = None) -> None:
        """Choose the variables of a network inside the bands if none is chosen, else check them."""
        self._fill({} if memo is None else memo, lambda: self._default)

    def random(self, memo: Sample | None = None, random_state: np.random.RandomState | None = None) -> None:
        """Draw the variables if none is chosen, else check them."""
        source = np.random.RandomState() if random_state is None else random_state
        self._fill({} if memo is None else memo, lambda: self._draw(source))

    def grid(self, memo: Sample | None = None, granularity: int | None = None) -> Iterable[None]:
        """Yield every network inside the bands once; raise InputError if the space is too large to enumerate."""
        genomes = self._space.enumeration
        if genomes is None:
            raise InputError(f"space {self._space.name!r} is too large for a grid inside bands; narrow its variables")
        sample = {} if memo is None else memo
        for genome in genomes:
            sample.update(sample_of(self._space, genome))
            yield None
        for variable in self._space.variables:
            del sample[variable.name]

    def as_legacy_dict(self) -> dict[str, Any]:
        """Raise InputError: NNI's TPE calls this, does not support constraints and does not try again."""
        raise InputError(f"NNI's TPE does not support bands; give it space {self._space.name!r} without bands")

    def _fill(self, memo: Sample, choose: Callable[[], Integers]) -> None:
        if not any(variable.name in memo for variable in self._space.variables):
            memo.update(sample_of(self._space, choose()))
        self.freeze(memo)

    @cached_property
    def _default(self) -> Integers:
        genome: Integers = self._space.sample(1, np.random.default_rng(0))[0]
        return genome

    def _draw(self, source: np.random.RandomState) -> Integers:
        if source is not self._source:
            self._source, self._drawn = source, iter(())
        genome = next(self._drawn, None)
        if genome is None:
            seed = int(source.randint(_SEEDS))
            if seed not in self._blocks:
                self._blocks[seed] = self._space.sample(_BLOCK, np.random.default_rng(seed))
            self._drawn = iter(self._blocks[seed])
            genome = next(self._drawn)
        return genome
