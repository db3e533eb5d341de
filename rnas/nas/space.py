"""Define what can be searched: genomes, the architectures that they mean, and their costs.

A genome is a vector of int64, one index into the choices of each variable. A space says what its
genomes mean; sampling stratified over log FLOPs and repair into hard bands follow from that.
"""

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from rnas import registry
from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cost import Costs
from rnas.utils.model import Model
from rnas.utils.quantities import Band, BandField, format_size

Choice = int | float | str | bool
"""Value of a variable of a search space."""
Quantity = Literal["flops", "params"]

ENUMERABLE = 20_000
"""A space of at most this many genomes is enumerated: sampling and repair are then exact."""

_NEIGHBOURS = 64
_STEPS = 60
_NO_LIMIT = float("inf")


@dataclass(frozen=True)
class Variable:
    """Define one decision. Choices of an ``ordered`` variable are numbers whose order has a meaning."""

    name: str
    choices: tuple[Choice, ...]
    ordered: bool = False

    def narrowed(self, choices: list[Any], setting: str = "") -> "Variable":
        """Return the variable with only some of its choices, in their order; raise InputError for other choices.

        ``setting`` is where a config sets the choices, for the message; empty where it does not.
        """
        # True equals 1 in Python.
        flags = [known for known in self.choices if isinstance(known, bool)]
        foreign = [c for c in choices if c not in (flags if isinstance(c, bool) else self.choices)]
        if len(set(choices)) < len(choices):
            raise InputError(f"variable {self.name!r} cannot be narrowed to {choices}; name each choice once")
        if foreign or not choices:
            known = ", ".join(map(str, self.choices))
            where = f"; {setting} sets them" if setting else ""
            raise InputError(f"variable {self.name!r} cannot be narrowed to {choices}; its choices are {known}{where}")
        return Variable(self.name, tuple(c for c in self.choices if c in choices), self.ordered)


class SpaceSettings(Model):
    """Hold the settings that every space has. A space adds its own by inheriting."""

    narrow: dict[str, list[Choice]] = Field({})
    """Choices that remain of each variable named here."""
    flops: BandField = Band()
    """Band of FLOPs of a network: 100M:1G, or ``[100M, 1G]``."""
    params: BandField = Band()
    """Band of parameters of a network, such as :1M."""


class SearchSpace(ABC):
    """Define a space for the images it is searched on.

    Args:
        settings: an instance of the class's ``Settings``.
        input_shape: (C, H, W) of one image; FLOPs are counted at it.
        num_classes: number of logits.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    Settings: ClassVar[type[SpaceSettings]] = SpaceSettings
    usual_images: ClassVar[tuple[Shape, int]] = (3, 32, 32), 10
    """Shape of one image and number of classes at which the space is shown before it is bound to any."""

    def __init__(self, settings: SpaceSettings, input_shape: Shape, num_classes: int) -> None:
        self.settings = settings
        self.input_shape = input_shape
        self.num_classes = num_classes
        self.all_variables = self.declare()
        known = [variable.name for variable in self.all_variables]
        for name in settings.narrow:
            if name not in known:
                raise InputError(f"space {self.name!r} has no variable {name!r}; it has {', '.join(known)}")
        self.variables = tuple(
            v.narrowed(settings.narrow[v.name], f"space.{v.name}" if v.name in type(settings).model_fields else "")
            if v.name in settings.narrow
            else v
            for v in self.all_variables
        )
        self._check_bands()

    @abstractmethod
    def declare(self) -> tuple[Variable, ...]:
        """Declare the variables before narrowing, in the order of the genome."""

    @abstractmethod
    def canonical(self, genomes: Integers) -> Integers:
        """Set whatever does not change the network to one agreed value, in genomes (n, v).

        Two genomes that mean one network have one canonical form, within the narrowed choices. What cannot run
        at the space's input shape is replaced by the rule that the space states.
        """

    @abstractmethod
    def decode(self, genome: Integers) -> Architecture:
        """Return the architecture of one genome (v,)."""

    @abstractmethod
    def encode(self, architecture: Architecture) -> Integers:
        """Return the canonical genome (v,) of an architecture; raise InputError if it is not in the space."""

    @abstractmethod
    def cost(self, genomes: Integers) -> Costs:
        """Compute exact params and FLOPs of genomes (n, v), vectorised, without building networks."""

    @abstractmethod
    def features(self, genomes: Integers) -> Floats:
        """Return genomes (n, v) as (n, f) inputs of a predictor, each column scaled to about [0, 1]."""

    def active(self, genome: Integers) -> NDArray[np.bool_]:
        """Return which variables (v,) of a canonical genome change the network; by default all."""
        return np.ones(len(genome), dtype=bool)

    def parse(self, text: str) -> Architecture:
        """Read an architecture from a text, which is JSON unless a space has a shorter notation of its own."""
        return arch.from_json(text)

    def parameters(self, architecture: Architecture) -> dict[str, Choice]:
        """Return the active variables of an architecture by name."""
        return self.parameters_of(self.encode(architecture))

    def parameters_of(self, genome: Integers) -> dict[str, Choice]:
        """Return the active variables of a canonical genome (v,) by name."""
        pairs = zip(self.variables, genome, self.active(genome), strict=True)
        return {variable.name: variable.choices[value] for variable, value, active in pairs if active}

    @cached_property
    def sizes(self) -> Integers:
        """Return the number of choices of each variable (v,)."""
        return np.array([len(variable.choices) for variable in self.variables], dtype=np.int64)

    @property
    def size(self) -> int:
        """Return the number of genomes, where several genomes of one network all count."""
        return int(np.prod(self.sizes.astype(object)))

    def uniform(self, n: int, rng: np.random.Generator) -> Integers:
        """Draw ``n`` canonical genomes uniformly, whatever they cost."""
        return self.canonical(rng.integers(0, self.sizes, size=(n, len(self.sizes))))

    @cached_property
    def enumeration(self) -> Integers | None:
        """Return every canonical genome inside the bands, or None if the space is too large."""
        if self.size > ENUMERABLE:
            return None
        grid = np.indices(tuple(self.sizes.tolist()), dtype=np.int64).reshape(len(self.sizes), -1).T
        genomes: Integers = np.unique(self.canonical(grid), axis=0)
        inside: Integers = genomes[self._violation(genomes, *self._limits(len(genomes))) == 0]
        return inside

    @cached_property
    def flops_range(self) -> tuple[int, int]:
        """Return least and greatest FLOPs inside the bands; in a large space, as far as a local search finds them."""
        return self._range("flops")

    @cached_property
    def params_range(self) -> tuple[int, int]:
        """Return least and greatest params inside the bands; in a large space, as far as a local search finds them."""
        return self._range("params")

    @property
    def remedy(self) -> str:
        """Return how its settings can be changed so that it holds more networks; empty if they restrict nothing."""
        banded = [f"space.{name}" for name in ("flops", "params") if getattr(self.settings, name) != Band()]
        fixes = [f"widen {' and '.join(banded)}"] if banded else []
        return ", or ".join([*fixes, *(["narrow less"] if self.settings.narrow else [])])

    def sample(self, n: int, rng: np.random.Generator) -> Integers:
        """Draw ``n`` genomes inside the bands, stratified over log FLOPs, in random order.

        The range of log FLOPs is cut into ``n`` equal strata and each is given one genome, as near as the
        space comes to it: uniform genomes would crowd one cost.
        """
        low, high = self.flops_range
        edges = np.geomspace(max(low, 1), max(high, 1), n + 1)
        if self.enumeration is not None:
            return rng.permutation(self._stratified(self.enumeration, edges, rng))
        band = self.settings.flops
        lows, highs = np.maximum(edges[:-1], band.low), edges[1:]
        genomes = self._steer(self.uniform(n, rng), lows, highs, rng)
        return rng.permutation(self.repair(genomes, rng))

    def repair(self, genomes: Integers, rng: np.random.Generator) -> Integers:
        """Move canonical genomes (n, v) inside the bands; those that are inside already do not change."""
        genomes = self.canonical(genomes)
        limits = self._limits(len(genomes))
        if self.enumeration is not None:
            outside = np.flatnonzero(self._violation(genomes, *limits) > 0)
            genomes = genomes.copy()
            genomes[outside] = self._nearest(genomes[outside], self.enumeration)
            return genomes
        genomes = self._steer(genomes, limits[0], limits[1], rng)
        outside = np.flatnonzero(self._violation(genomes, *limits) > 0)
        genomes[outside] = self._nearest(genomes[outside], self._inside)
        return genomes

    def _check_bands(self) -> None:
        bands: dict[Quantity, Band] = {"flops": self.settings.flops, "params": self.settings.params}
        if all(band == Band() for band in bands.values()):
            return
        if len(self._inside) > 0:
            return
        reaches = {name: self._reach(name) for name in bands}
        flops, params = (" to ".join(map(format_size, reach)) for reach in reaches.values())
        asked = " and ".join(f"{name} in {band}" for name, band in bands.items() if band != Band())
        small = [name for name, band in bands.items() if band.high is not None and band.high < reaches[name][0]]
        smaller = self._settings_that_reduce(small[0], reaches[small[0]][0]) if small else []
        remedy = f", or make its networks smaller by {', '.join(smaller)}" if smaller else ""
        raise InputError(
            f"no architecture of space {self.name!r} has {asked}; "
            f"it reaches flops of {flops} and params of {params}: widen the band{remedy}"
        )

    def _settings_that_reduce(self, quantity: Quantity, least: int) -> list[str]:
        """Return names of the space's own numbers which, halved, reduce a cost below its present least value."""
        free = self.settings.model_dump(exclude={"flops", "params"})
        names = []
        for name in type(self.settings).model_fields:
            value = free.get(name)
            numbers = value if isinstance(value, tuple) else (value,)
            if any(type(number) is not int for number in numbers):
                continue
            halves = tuple(max(number // 2, 1) for number in numbers)
            # A list of choices holds each once, one of a value for each stage may repeat it.
            # A default may have a value for more stages than the space has.
            fewer = (halves[:length] for length in range(len(halves) - 1, 0, -1))
            for half in (halves, tuple(dict.fromkeys(halves)), *fewer) if isinstance(value, tuple) else halves:
                try:
                    space = type(self)(type(self.settings)(**{**free, name: half}), self.input_shape, self.num_classes)
                except ValueError:  # The settings or the space refuse it.
                    continue
                if space._least(quantity) < least:
                    names.append(name)
                break
        return names

    @cached_property
    def _inside(self) -> Integers:
        """Return some genomes inside the bands, or all if the space is small; empty if none was found."""
        if self.enumeration is not None:
            return self.enumeration
        rng = np.random.default_rng(0)
        limits = self._limits(64)
        genomes = self._steer(self.uniform(64, rng), limits[0], limits[1], rng)
        inside: Integers = genomes[self._violation(genomes, *limits) == 0]
        return inside

    def _limits(self, n: int) -> tuple[Floats, Floats]:
        band = self.settings.flops
        return np.full(n, float(band.low)), np.full(n, _NO_LIMIT if band.high is None else float(band.high))

    def _violation(self, genomes: Integers, lows: Floats, highs: Floats) -> Floats:
        """Return how far (n,), in log cost, genomes are outside their own FLOPs limits and the params band."""
        costs = self.cost(genomes)
        band = self.settings.params
        flops, params = np.maximum(costs.flops, 1), np.maximum(costs.params, 1)
        with np.errstate(divide="ignore"):
            too_small = np.maximum(np.log(lows / flops), 0)
            too_large = np.maximum(np.log(flops / highs), 0)
            few = np.maximum(np.log(band.low / params), 0)
        many = 0.0 if band.high is None else np.maximum(np.log(params / max(band.high, 1)), 0)
        return np.asarray(too_small + too_large + few + many)

    def _steer(self, genomes: Integers, lows: Floats, highs: Floats, rng: np.random.Generator) -> Integers:
        """Move genomes outside their limits inwards, one variable at a time.

        Any change that helps may be taken, not the best one: that would turn every genome into the few choices that
        cost least. Unordered variables are left as they are unless the ordered ones do not suffice.
        """
        genomes = genomes.copy()
        violation = self._violation(genomes, lows, highs)
        several = self.sizes > 1
        ordered = np.flatnonzero(several & [variable.ordered for variable in self.variables])
        everything = np.flatnonzero(several)
        for step in range(2 * _STEPS):
            outside = np.flatnonzero(violation > 0)
            if len(outside) == 0:
                break
            columns = ordered if step < _STEPS and len(ordered) > 0 else everything
            moves = self.canonical(self._neighbours(genomes[outside], columns, rng))
            spread = np.repeat(outside, _NEIGHBOURS)
            distance = self._violation(moves, lows[spread], highs[spread]).reshape(len(outside), _NEIGHBOURS)
            preference = rng.random(distance.shape) + (distance > 0) + 2 * (distance >= violation[outside, None])
            best = preference.argmin(axis=1)
            value = distance[np.arange(len(outside)), best]
            better = value <= violation[outside]
            rows = outside[better]
            genomes[rows] = moves.reshape(len(outside), _NEIGHBOURS, -1)[better, best[better]]
            violation[rows] = value[better]
        return genomes

    def _neighbours(self, genomes: Integers, columns: Integers, rng: np.random.Generator) -> Integers:
        """Make ``_NEIGHBOURS`` changes of each genome in one or two of some variables, half of them by one step.

        A variable is changed as often as it has other choices, so that depths and widths give way before kernels do.
        """
        weights = self.sizes[columns] - 1
        many = np.repeat(genomes, _NEIGHBOURS, axis=0)
        rows = np.arange(len(many))
        for changed in (rows, rows[rng.random(len(rows)) < 0.5]):
            column = rng.choice(columns, size=len(changed), p=weights / weights.sum())
            sizes = self.sizes[column]
            step = np.clip(many[changed, column] + rng.choice([-1, 1], size=len(changed)), 0, sizes - 1)
            many[changed, column] = np.where(rng.random(len(changed)) < 0.5, step, rng.integers(0, sizes))
        return many

    def _nearest(self, genomes: Integers, pool: Integers) -> Integers:
        """Return the nearest genome of the pool for each genome, by the sum of differences in units of variables'
        ranges.
        """
        ordered = np.array([variable.ordered for variable in self.variables])
        scale = np.maximum(self.sizes - 1, 1)
        chosen = np.empty_like(genomes)
        for row, genome in enumerate(genomes):
            apart = np.abs(pool - genome)
            distance = np.where(ordered, apart / scale, apart > 0).sum(axis=1)
            chosen[row] = pool[int(distance.argmin())]
        return chosen

    def _stratified(self, pool: Integers, edges: Floats, rng: np.random.Generator) -> Integers:
        """Draw one genome of each stratum from an enumerated space; if it is empty, another of the nearest cost."""
        pool = rng.permutation(pool)
        log_flops = np.log(np.maximum(self.cost(pool).flops, 1))
        centres = (np.log(edges[:-1]) + np.log(edges[1:])) / 2
        half = (np.log(edges[-1]) - np.log(edges[0])) / (2 * len(centres))
        free = np.ones(len(pool), dtype=bool)
        chosen = []
        for centre in rng.permutation(centres):
            distance = np.where(free, np.maximum(np.abs(log_flops - centre) - half, 0), np.inf)
            pick = int(distance.argmin())
            chosen.append(pick)
            free[pick] = False
            if not free.any():
                free[:] = True
        return pool[chosen]

    def _range(self, quantity: Quantity) -> tuple[int, int]:
        if self.enumeration is not None:
            costs = getattr(self.cost(self.enumeration), quantity)
            return int(costs.min()), int(costs.max())
        bands = {"flops": self.settings.flops, "params": self.settings.params}
        own = bands.pop(quantity)
        if set(bands.values()) != {Band()}:
            return self._extreme(quantity, -1, self._inside), self._extreme(quantity, 1, self._inside)
        low, high = self._reach(quantity)
        return max(low, own.low), high if own.high is None else min(high, own.high)

    def _reach(self, quantity: Quantity) -> tuple[int, int]:
        """Return least and greatest cost without the bands."""
        return self._least(quantity), self._extreme(quantity, 1, self._first, banded=False)

    def _least(self, quantity: Quantity) -> int:
        return self._extreme(quantity, -1, self._first, banded=False)

    @property
    def _first(self) -> Integers:
        """Return the genome (1, v) of all first choices."""
        return self.canonical(np.zeros(len(self.sizes), dtype=np.int64)[None])

    def _extreme(self, quantity: Quantity, sign: int, starts: Integers, *, banded: bool = True) -> int:
        """Find the extreme cost in one direction, by changing one variable at a time from the best start until none
        helps.
        """
        column = np.repeat(np.arange(len(self.sizes)), self.sizes)
        value = np.concatenate([np.arange(size) for size in self.sizes])
        while True:
            costs = sign * getattr(self.cost(starts), quantity)
            best = int(costs.argmax())
            trials = np.repeat(starts[best : best + 1], len(column), axis=0)
            trials[np.arange(len(column)), column] = value
            trials = self.canonical(trials)
            if banded:
                trials = trials[self._violation(trials, *self._limits(len(trials))) == 0]
            if int((sign * getattr(self.cost(trials), quantity)).max()) <= costs[best]:
                return int(sign * costs[best])
            starts = trials


def find_space(name: str) -> type[SearchSpace]:
    """Return the class of a registered space, or the one that ``package.module:Class`` imports.

    Raises:
        InputError: nothing has that name, or it is not the class of a space that can be made.
    """
    found = registry.load_or_import(registry.SEARCH_SPACES, name)
    if not (isinstance(found, type) and issubclass(found, SearchSpace)) or inspect.isabstract(found):
        raise InputError(f"{name} is not a search space: give a class that defines all methods of SearchSpace")
    return found
