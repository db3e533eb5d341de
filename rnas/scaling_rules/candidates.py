"""Select the networks that are compared at a test budget of FLOPs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnas import registry
from rnas.errors import InputError
from rnas.nas.ledger import Record
from rnas.nas.problem import KnownMetrics
from rnas.nas.setup import Setup
from rnas.nas.space import Choice
from rnas.nas.strategies.candidates import possible
from rnas.networks.residual import BASE_CHANNELS, ResidualNetwork
from rnas.networks.robust_scaling import RobustScaling, Rule
from rnas.scaling_rules.design_matrix import DEPTH_TO_WIDTH, DEPTHS, WIDTHS, parts_of
from rnas.scaling_rules.observations import Observations, beyond_stages, residual
from rnas.utils.quantities import Band, format_size

_SAMPLED = 1000
"""Number of networks that are drawn from a space too large to enumerate."""

_SURROGATE = "gaussian-process"


@dataclass(frozen=True)
class Selection:
    """A network that was selected for a budget.

    Attributes:
        network: the network.
        parameters: variables of the space beyond depths and widths, by name.
        chosen: how it was selected, in words.
    """

    network: ResidualNetwork
    parameters: Mapping[str, Choice]
    chosen: str


@dataclass(frozen=True)
class BudgetCandidates:
    """One budget, and the data that its candidates are selected from.

    Attributes:
        setup: of the run.
        metric: name of the score.
        records: complete evaluations of the run, of the highest rung.
        fitted: those of them that the rule was fitted to.
        flops: the budget.
        tolerance: by what share FLOPs may be off it.
    """

    setup: Setup
    metric: str
    records: Sequence[Record]
    fitted: Sequence[Record]
    flops: int
    tolerance: float

    @cached_property
    def base(self) -> Record:
        """Return the most robust fitted network; its block and stem are those of every network of a rule."""
        return most_robust(self.fitted, self.metric)

    def by_rule(self, rule: Rule) -> Selection:
        """Select the network of a rule: scaled to the budget, or else the space's nearest at that budget.

        An evaluator that looks results up has those of the space's networks only, so that the nearest is selected, with
        the base's block if there is such a network.

        Raises:
            InputError: the space has no network at the budget either.
        """
        place = "the table"
        if not self.setup.evaluator.instant:
            try:
                return Selection(self._scaled(rule), self._block(self.base), "scaled")
            except InputError:
                place = "the space"
        return self._nearest(rule, place)

    def searched(self) -> Selection:
        """Select the best at the budget: of what was evaluated there, or by the prediction of a surrogate.

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
        """Build the network of the whole depths and widths nearest to a rule, with the base's block.

        Widths are whole in units of the run's own, which may be finer or coarser than the rule's 16, 32 and 64
        channels.
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
        """Return, for each stage, the channels that a widening by one adds."""
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
        """Return the networks of the space at the budget that can be evaluated; InputError if the space has none."""
        space, evaluator = self.setup.space, self.setup.evaluator
        low, high = (round((1 + sign * self.tolerance) * self.flops) for sign in (-1, 1))
        # The search's own band of FLOPs may end below the budget.
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
        known = KnownMetrics(banded, evaluator)
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
    """Return no rule: equal depths, equal widths, r_D .5; or the nearest place to the average that a network had."""
    stages = observations.stages
    places = {part.name: part.uniform for part in parts_of(observations, Rule())}
    depths = places.get(DEPTHS, observations.depth_shares[0])
    widths = places.get(WIDTHS, observations.width_shares[0])
    share = float(places.get(DEPTH_TO_WIDTH, observations.depth_to_width[:1])[0])
    assert len(depths) == len(widths) == stages
    return Rule(tuple(depths.tolist()), tuple(widths.tolist()), share / (1 - share))
