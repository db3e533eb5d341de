"""Resolve the networks to compare, and rescale each to the same FLOPs."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rnas.errors import InputError
from rnas.evaluation._request import Request
from rnas.experiments.comparison._scaling import scaling_of
from rnas.experiments.training._activation import with_activation
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.zoo import Baseline, Scaled, find
from rnas.training.recipe import Recipe
from rnas.utils.model import Model
from rnas.utils.quantities import format_size

if TYPE_CHECKING:
    from rnas.experiments._references import Reference

_STEP, _FARTHEST = 1.01, 8
"""Factor between the budgets at which networks are tried, and between a wrong budget and the last of these."""

DEFAULT = ("wrn-28-10", "robust-resnet-a1", "robnet-large-v2", "advrush-7@96", "racl-7@104", "darts-r")
"""The networks that RobustResNets were published with, and DARTS-R."""


class ComparedNetwork(Model):
    """Describe a network of a comparison, scaled to its FLOPs."""

    name: str
    """Short name, different from all others."""
    words: str
    """Words that named the network."""
    architecture: dict[str, Any]
    """Architecture that is trained, as JSON."""
    scaling: str
    """What was changed and what was kept, in one line."""
    setting: str
    """Setting of the scaling, in words."""
    published: str | None = None
    """Name of the baseline that it is a scaled form of, or None."""
    search_cost: dict[str, float] | None = None
    """Images passed forward and backward by the search that found it, and its seconds on a device; None if unknown."""

    @property
    def network(self) -> Architecture:
        """Return the network as it is trained."""
        return arch.from_dict(self.architecture)

    def facts(self, flops: int, input_shape: Shape, num_classes: int) -> dict[str, Any]:
        """Return name, origin and cost as JSON values.

        Args:
            flops: the wanted FLOPs; ``deviation`` is the relative difference from them.
            input_shape: (C, H, W) of one image.
            num_classes: number of logits.
        """
        cost = self.network.cost(input_shape, num_classes)
        return {
            "name": self.name,
            "words": self.words,
            "key": arch.key(self.network),
            "architecture": self.architecture,
            "scaling": self.scaling,
            "setting": self.setting,
            "params": cost.params,
            "flops": cost.flops,
            "deviation": cost.flops / flops - 1,
            "search_cost": self.search_cost,
        }


def compared_networks(
    references: "Sequence[Reference]",
    flops: int,
    input_shape: Shape,
    num_classes: int,
    *,
    recipe: Recipe,
    tolerance: float = 0.05,
    robust_scaling: bool = False,
) -> tuple[ComparedNetwork, ...]:
    """Return the networks that references name, each scaled to a budget of FLOPs.

    A published network is scaled as its family is. Any other is unchanged if it has the FLOPs already, and otherwise
    scaled by :func:`rnas.experiments.comparison._scaling.scaling_of`.

    Args:
        references: results of :func:`rnas.experiments.resolve`.
        flops: multiply-accumulates for one image.
        input_shape: (C, H, W) of one image.
        num_classes: number of logits.
        recipe: recipe whose activation, if it has one, the networks get.
        tolerance: greatest relative difference from the FLOPs.
        robust_scaling: residual networks that are not published take RobustScaling's proportions instead of their own.

    Raises:
        InputError: networks cannot be brought near the budget; the message has the nearest budgets that fit all.
    """
    if flops == 0:
        raise InputError("flops 0: give a budget above zero")

    def form(reference: "Reference", budget: int) -> tuple[Scaled, str]:
        return _form(reference, budget, input_shape, num_classes, tolerance, robust_scaling)

    found, faults = [], []
    for reference in references:
        try:
            scaled, scaling = form(reference, flops)
            if abs(scaled.deviation) > tolerance:
                raise InputError(_off(scaled))
        except InputError as error:
            faults.append(f"{reference.name}: {error}")
            continue
        baseline = _baseline(reference.name)
        network = ComparedNetwork(
            name=Request(network=reference.name).name if baseline is None else baseline.name,
            words=reference.name,
            architecture=arch.to_dict(with_activation(scaled.architecture, recipe)),
            published=None if baseline is None else baseline.name,
            scaling=scaling,
            setting=scaled.setting,
            search_cost=None if reference.search_cost is None else reference.search_cost.to_dict(),
        )
        found.append(network)
    if not faults:
        return tuple(found)

    def misfit(budget: int) -> float | None:
        for reference in references:
            try:
                nearest = form(reference, budget)[0]
            except InputError:
                return budget
            if abs(nearest.deviation) > tolerance:
                return nearest.flops / (1 + math.copysign(tolerance, nearest.deviation))
        return None

    suitable = [_nearest_budget(misfit, flops, larger) for larger in (False, True)]
    budgets = " or ".join(f"flops={format_size(budget)}" for budget in suitable if budget is not None)
    fitting = f"all networks fit {budgets}; choose one of these," if budgets else "no budget near it fits all; choose"
    raise InputError(f"{'; '.join(faults)}; {fitting} a tolerance above {tolerance:.3g}, or other networks")


def _form(
    reference: "Reference", flops: int, input_shape: Shape, num_classes: int, tolerance: float, robust_scaling: bool
) -> tuple[Scaled, str]:
    """Return the form of a network that is nearest to a budget, and how it is scaled; InputError if none is near."""
    baseline = _baseline(reference.name)
    if baseline is not None:
        return baseline.scaled_to(flops, input_shape, num_classes), baseline.scaling.description
    own = reference.architecture
    as_it_is = Scaled(own, "", own.cost(input_shape, num_classes).flops, flops)
    if not robust_scaling and abs(as_it_is.deviation) <= tolerance:
        return as_it_is, "as it is"
    scaling = scaling_of(own, tolerance, robust_scaling)
    words = "RobustScaling" if robust_scaling else "its own proportions"
    return scaling.nearest(flops, input_shape, num_classes), scaling.description.replace("RobustScaling", words)


def _nearest_budget(misfit: Callable[[int], float | None], flops: int, larger: bool) -> int | None:
    """Return the budget nearest to a wrong one, in three significant digits, that fits all networks; None if none does.

    Args:
        misfit: returns for a budget that does not fit a network the one at which this network begins to fit, and None
            for a budget that fits all.
        flops: the wrong budget.
        larger: whether to look for a larger or a smaller one.
    """
    budget = flops
    while flops / _FARTHEST < budget < flops * _FARTHEST:
        edge = misfit(budget)
        if edge is None:
            return budget
        wanted = max(budget * _STEP, edge) if larger else min(budget / _STEP, edge)
        unit = 10 ** max(len(str(int(wanted))) - 3, 0)
        budget = (math.ceil if larger else math.floor)(wanted / unit) * unit
    return None


def require_distinct(compared_networks: Sequence[ComparedNetwork]) -> None:
    """Raise InputError if two networks have one name or are the same, or if there are fewer than two."""
    if len(compared_networks) < 2:
        raise InputError("a comparison needs at least two networks; name another")
    for what in ("name", "architecture"):
        for place, one in enumerate(compared_networks):
            for other in compared_networks[:place]:
                if getattr(one, what) == getattr(other, what):
                    fault = "are called alike" if what == "name" else "are the same network at these FLOPs"
                    raise InputError(f"{other.words} and {one.words} {fault}; leave one out")


def _off(found: Scaled) -> str:
    """Say how far the nearest network of a family is off its budget."""
    size = format_size(found.flops)
    # One that has more than twice the FLOPs is the nearest for want of a smaller one.
    if found.deviation > 1:
        return f"the smallest of its family, {found.setting}, has {size} FLOPs, more than {format_size(found.target)}"
    return (
        f"the nearest of its family, {found.setting}, has {size} FLOPs, {found.deviation:+.1%} off "
        f"{format_size(found.target)}"
    )


def _baseline(words: str) -> Baseline | None:
    try:
        return find(words)
    except InputError:
        return None
