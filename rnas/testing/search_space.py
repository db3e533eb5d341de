"""Test search spaces for conformance: inherit the class in a test module and create the space."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks.modules.measured_cost import measured_cost


class SearchSpaceConformance:
    """Test what every search space must do. A subclass overrides :meth:`make`.

    Attributes:
        built: number of architectures that are built to compare their cost with the closed form.
    """

    built: int = 10

    def make(self, **settings: Any) -> SearchSpace:
        """Return the space with these settings (``narrow``, ``flops``, ``params``) added to the test's own."""
        raise NotImplementedError

    def test_variables_are_named_and_have_choices(self) -> None:
        """Test that names differ, choices differ, and ordered choices are ascending numbers."""
        space = self.make()
        names = [variable.name for variable in space.variables]
        assert len(set(names)) == len(names) > 0
        for variable in space.variables:
            assert len(set(variable.choices)) == len(variable.choices) > 0
            if variable.ordered:
                assert list(variable.choices) == sorted(variable.choices)

    def test_canonical_form_is_final(self) -> None:
        """Test that it is its own canonical form, is within the choices, and leaves the given genomes unchanged."""
        space = self.make()
        genomes = np.concatenate([corner_genomes(space), raw_genomes(space, 300)])
        before = genomes.copy()
        canonical = space.canonical(genomes)
        assert (genomes == before).all()
        assert canonical.dtype == np.int64
        assert canonical.shape == genomes.shape
        assert ((canonical >= 0) & (canonical < space.sizes)).all()
        assert (space.canonical(canonical) == canonical).all()

    def test_one_architecture_has_one_canonical_genome(self) -> None:
        """Test that genomes and architectures convert into each other, whatever form the genome has."""
        space = self.make()
        genomes = np.concatenate([corner_genomes(space), raw_genomes(space, 200)])
        keys: dict[str, tuple[int, ...]] = {}
        for genome, canonical in zip(genomes, space.canonical(genomes), strict=True):
            architecture = space.decode(canonical)
            assert space.decode(genome) == architecture
            assert (space.encode(architecture) == canonical).all()
            assert keys.setdefault(arch.key(architecture), tuple(canonical)) == tuple(canonical)
        assert len(set(keys.values())) == len(keys)

    def test_text_gives_the_architecture_back(self) -> None:
        """Test that the space reads an architecture from its JSON text."""
        space = self.make()
        for genome in raw_genomes(space, 10):
            architecture = space.decode(genome)
            assert space.parse(arch.to_json(architecture)) == architecture

    def test_cost_is_that_of_the_architecture(self) -> None:
        """Test the cost of any genome against the architecture's closed form and a count of the built network."""
        space = self.make()
        genomes = np.concatenate([raw_genomes(space, 100), corner_genomes(space)])
        costs = space.cost(genomes)
        assert costs.flops.dtype == costs.params.dtype == np.int64
        for row, genome in enumerate(genomes):
            architecture = space.decode(genome)
            cost = architecture.cost(space.input_shape, space.num_classes)
            assert (cost.params, cost.flops) == (costs.params[row], costs.flops[row]), arch.to_json(architecture)
            if row < self.built:
                with torch.device("meta"):
                    module = architecture.build(space.num_classes, space.input_shape)
                assert measured_cost(module, space.input_shape) == cost, arch.to_json(architecture)

    def test_features_are_a_function_of_the_architecture(self) -> None:
        """Test that features are finite, scaled, computed row by row, and equal exactly for equal architectures."""
        space = self.make()
        genomes = raw_genomes(space, 100)
        canonical = space.canonical(genomes)
        features = space.features(genomes)
        assert features.dtype == np.float64
        assert features.shape[0] == 100
        assert np.isfinite(features).all()
        assert features.min() >= -0.5
        assert features.max() <= 1.5
        assert (features == space.features(canonical)).all()
        assert (features[:7] == space.features(genomes[:7])).all()
        assert len(np.unique(features, axis=0)) == len(np.unique(canonical, axis=0))

    def test_inactive_variables_change_nothing(self) -> None:
        """Test that inactive variables change nothing, and that an architecture's parameters are the active ones."""
        space = self.make()
        rng = np.random.default_rng(2)
        for genome in space.uniform(50, rng):
            active = space.active(genome)
            changed = np.where(active, genome, rng.integers(0, space.sizes))
            assert (space.canonical(changed[None])[0] == genome).all()
            names = [v.name for v, on in zip(space.variables, active, strict=True) if on]
            assert list(space.parameters(space.decode(genome))) == names

    def test_narrowing_is_kept(self) -> None:
        """Test that a variable narrowed to one choice has that choice wherever it is active."""
        for variable in self.make().variables:
            choice = variable.choices[-1]
            space = self.make(narrow={variable.name: [choice]})
            for genome in space.uniform(5, np.random.default_rng(0)):
                assert space.parameters(space.decode(genome)).get(variable.name, choice) == choice

    def test_unknown_names_and_choices_are_refused(self) -> None:
        """Test that the message lists the known ones."""
        name = self.make().variables[0].name
        assert name in refusal(lambda: self.make(narrow={"no such variable": [1]}))
        assert name in refusal(lambda: self.make(narrow={name: ["no such choice"]}))

    def test_samples_are_spread_over_the_cost(self) -> None:
        """Test that samples are canonical, depend on the generator, and 20 find half the FLOPs strata of 1,000."""
        space = self.make()
        genomes = space.sample(20, np.random.default_rng(0))
        assert genomes.shape == (20, len(space.variables))
        assert (space.canonical(genomes) == genomes).all()
        assert (space.sample(20, np.random.default_rng(0)) == genomes).all()
        edges = np.geomspace(*space.flops_range, 21)[1:-1]
        found, there_are = (
            len(np.unique(np.digitize(space.cost(some).flops, edges))) for some in (genomes, raw_genomes(space, 1000))
        )
        assert found >= there_are / 2

    def test_bands_are_hard(self) -> None:
        """Test that samples and repaired genomes are inside, and that repair does not change genomes inside."""
        free = self.make()
        costs = free.cost(free.sample(200, np.random.default_rng(0)))
        flops = [int(np.quantile(costs.flops, q)) for q in (0.3, 0.6)]
        space = self.make(flops=flops)
        rng = np.random.default_rng(1)
        sample = space.sample(20, rng)
        repaired = space.repair(raw_genomes(space, 60), rng)
        for genomes in (sample, repaired):
            cost = space.cost(genomes)
            assert ((cost.flops >= flops[0]) & (cost.flops <= flops[1])).all()
            assert (space.canonical(genomes) == genomes).all()
        assert (space.repair(sample, rng) == sample).all()
        first, second = (space.repair(raw_genomes(space, 20), np.random.default_rng(3)) for _ in range(2))
        assert (first == second).all()

    def test_a_band_without_architectures_is_refused(self) -> None:
        """Test that the message states the range of the space."""
        most = self.make().flops_range[1]
        assert "reaches" in refusal(lambda: self.make(flops=[1000 * most, 2000 * most]))
        assert "reaches" in refusal(lambda: self.make(params=[0, 1]))


def raw_genomes(space: SearchSpace, n: int) -> Integers:
    """Draw uniform genomes (n, v), not canonical; the same at each call."""
    return np.random.default_rng(0).integers(0, space.sizes, size=(n, len(space.sizes)))


def corner_genomes(space: SearchSpace) -> Integers:
    """Return genomes (2 + 2 v, v), not canonical, at the ends of the variables' choices.

    All variables are at their first choice, or all at their last, or one is at either end and the others in the middle.
    """
    last = np.array(space.sizes) - 1
    middle = np.tile(last // 2, (len(last), 1))
    ends = [np.where(np.eye(len(last), dtype=bool), end, middle) for end in (np.zeros_like(last), last)]
    return np.concatenate([np.zeros((1, len(last)), dtype=np.int64), last[None], *ends])


def refusal(call: Callable[[], object]) -> str:
    """Return the message of the InputError that a call raises."""
    try:
        call()
    except InputError as error:
        return str(error)
    raise AssertionError("no InputError was raised")
