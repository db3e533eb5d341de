"""Select the networks that are compared at a test budget of FLOPs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnas import registry
from rnas.errors import InputError
from rnas.nas._problem import KnownMetrics
from rnas.nas._setup import Setup
from rnas.nas.ledger import Record
from rnas.nas.space import Choice
from rnas.nas.strategies._candidates import possible
from rnas.networks.residual import BASE_CHANNELS, ResidualNetwork
from rnas.networks.robust_scaling import RobustScaling, Rule
from rnas.scaling_rules._design_matrix import DEPTH_TO_WIDTH, DEPTHS, WIDTHS, parts_of
from rnas.scaling_rules.observations import Observations, beyond_stages, residual
from rnas.utils.quantities import Band, format_size

_SAMPLED = 1000
"""Number of networks that are drawn from a space that is too large to enumerate."""

_SURROGATE = "gaussian-process"


@dataclass(frozen=True)
class Selection:
    """A network that was selected for a budget.

    Attributes:
        network: the network.
        parameters: values of the space's other variables, without depths and widths, by name.
        chosen: how it was selected, in words.
    """

    network: ResidualNetwork
    parameters: Mapping[str, Choice]
    chosen: str


@dataclass(frozen=True)
class BudgetCandidates:
    """Select the candidates of one budget from the data of a run.

    Attributes:
        setup: setup of the run.
        metric: name of the score.
        records: complete evaluations of the run at the highest rung.
        fitted: the records that the rule was fitted to.
        flops: the budget, in multiply-accumulates for one image.
        tolerance: largest relative difference between a network's FLOPs and the budget.
    """

    setup: Setup
    metric: str
    records: Sequence[Record]
    fitted: Sequence[Record]
    flops: int
    tolerance: float

    @cached_property
    def base(self) -> Record:
        """Return the most robust fitted record; every network of a rule has its block and stem."""
        return most_robust(self.fitted, self.metric)

    def by_rule(self, rule: Rule) -> Selection:
        """Select the network of a rule: scaled to the budget, or else the nearest network of the space at that budget.

        An evaluator that looks results up only has results of the networks of the space. The nearest of these is then
        selected, if possible with the block of the base.

        Raises:
            InputError: the rule cannot be scaled to the budget, and the space has no network at the budget.
        """
        place = "the table"
        if not self.setup.evaluator.instant:
            try:
                return Selection(self._scaled(rule), self._block(self.base), "scaled")
            except InputError:
                place = "the space"
        return self._nearest(rule, place)

    def searched(self) -> Selection:
        """Select the best evaluated network at the budget, or the best predicted one if none was evaluated there.

        Raises:
            InputError: the space has no network at the budget.
        """
        known = [record for record in self.records if self._near(self._flops(residual(record)))]
        if known:
            best = most_robust(known, self.metric)
            return Selection(residual(best), self._block(best), f"best of {len(known)} evaluated")
        space = self.setup.space
        networks = self._networks_of_space
        inputs = space.features(np.stack([space.encode(record.architecture) for record in self.fitted]))
        target = np.array([record.metrics[self.metric] for record in self.fitted])
        surrogate = registry.load(registry.PREDICTORS, _SURROGATE)().fit(inputs, target)
        means, _ = surrogate.predict(space.features(np.stack([space.encode(network) for network in networks])))
        best_network = networks[int(np.argmax(means))]
        return self._of_space(best_network, f"best predicted of {len(networks)}")

    def _scaled(self, rule: Rule) -> ResidualNetwork:
        """Build the network with the base's block whose whole depths and widths are nearest to a rule.

        Widths are multiples of the run's own units, which may be smaller or larger than the 16, 32 and 64 channels of
        the rule.
        """
        template = residual(self.base)
        grains = self._grains
        finer = [base / grain for base, grain in zip(BASE_CHANNELS, grains, strict=False)]
        widths = tuple(width * factor for width, factor in zip(rule.widths, finer, strict=True))
        own = Rule(rule.depths, widths, rule.depth_to_width * sum(rule.widths) / sum(widths))

        def network(depths: tuple[int, ...], widenings: tuple[int, ...]) -> ResidualNetwork:
            planes = tuple(widening * grain for widening, grain in zip(widenings, grains, strict=True))
            return replace(template, depths=depths, channels=planes)

        space = self.setup.space
        found = RobustScaling(network, rule=own, tolerance=self.tolerance).optimum(
            self.flops, space.input_shape, space.num_classes
        )
        return network(found.depths, found.widths)

    @cached_property
    def _grains(self) -> tuple[int, ...]:
        """Return for each stage the number of channels that a widening by one adds."""
        channels = np.array([residual(record).channels for record in self.records])
        stages = zip(channels.T, BASE_CHANNELS, strict=False)
        return tuple(int(np.gcd.reduce([base, *stage])) for stage, base in stages)

    def _nearest(self, rule: Rule, place: str) -> Selection:
        template = residual(self.base)

        def off(network: ResidualNetwork) -> tuple[bool, float, float]:
            alike = (network.blocks, network.stem_width) == (template.blocks, template.stem_width)
            budget = abs(float(np.log(self._flops(network) / self.flops)))
            return not alike, rule.distance(network.depths, network.widenings), budget

        return self._of_space(min(self._networks_of_space, key=off), f"nearest in {place}")

    @cached_property
    def _networks_of_space(self) -> list[ResidualNetwork]:
        """Return the networks of the space at the budget that can be evaluated; raise InputError if there are none."""
        space, evaluator = self.setup.space, self.setup.evaluator
        low, high = (round((1 + sign * self.tolerance) * self.flops) for sign in (-1, 1))
        # The band of FLOPs of the search may end below the budget.
        settings = space.settings.model_copy(update={"flops": Band(low, high)})
        missing = f"no network of space {space.name!r} that can be evaluated has {format_size(self.flops)} FLOPs"
        try:
            banded = type(space)(settings, space.input_shape, space.num_classes)
        except InputError:
            raise InputError(f"{missing} within {self.tolerance:.0%}; choose another test budget") from None
        genomes = banded.enumeration
        if genomes is None:
            rng = np.random.default_rng(self.setup.config.seed)
            genomes = np.unique(banded.repair(banded.uniform(_SAMPLED, rng), rng), axis=0)
        known = KnownMetrics(banded, evaluator, self.setup.config.costs)
        held = genomes[possible(replace(self.setup.problem, space=banded, known=known), genomes)]
        found = [network for network in map(banded.decode, held) if isinstance(network, ResidualNetwork)]
        if not found:
            raise InputError(f"{missing} within {self.tolerance:.0%}; choose another test budget")
        return found

    def _of_space(self, network: ResidualNetwork, chosen: str) -> Selection:
        return Selection(network, beyond_stages(self.setup.space.parameters(network)), chosen)

    def _block(self, record: Record) -> Mapping[str, Choice]:
        return beyond_stages(record.parameters)

    def _near(self, flops: int) -> bool:
        return abs(flops / self.flops - 1) <= self.tolerance

    def _flops(self, network: ResidualNetwork) -> int:
        return network.cost(self.setup.space.input_shape, self.setup.space.num_classes).flops


def most_robust(records: Sequence[Record], metric: str) -> Record:
    """Return the record with the highest score."""
    return max(records, key=lambda record: record.metrics[metric])


def uniform_rule(observations: Observations) -> Rule:
    """Return the rule with equal depths, equal widths and r_D .5.

    See ``uniform`` of :class:`RulePart` for exceptions.
    """
    stages = observations.stages
    places = {part.name: part.uniform for part in parts_of(observations, Rule())}
    depths = places.get(DEPTHS, observations.depth_shares[0])
    widths = places.get(WIDTHS, observations.width_shares[0])
    share = float(places.get(DEPTH_TO_WIDTH, observations.depth_to_width[:1])[0])
    assert len(depths) == len(widths) == stages
    return Rule(tuple(depths.tolist()), tuple(widths.tolist()), share / (1 - share))
