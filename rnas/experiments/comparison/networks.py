"""Resolve the networks to compare, and rescale each to the same FLOPs."""

from collections.abc import Callable, Sequence
from typing import Any

from rnas.errors import InputError
from rnas.evaluation._request import Request
from rnas.experiments._references import Reference
from rnas.experiments.comparison._scaling import scaling_of
from rnas.experiments.training._activation import with_activation
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.zoo import Baseline, Scaled, find
from rnas.training.recipe import Recipe
from rnas.utils.model import Model
from rnas.utils.quantities import format_size

_FIX = "leave it out, or choose other flops"

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

    @property
    def network(self) -> Architecture:
        """Return the network as it is trained."""
        return arch.from_dict(self.architecture)

    def facts(self, flops: int, input_shape: Shape, num_classes: int) -> dict[str, Any]:
        """Name, origin and cost as JSON values.

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
        }


def compared_network(
    reference: Reference,
    flops: int,
    input_shape: Shape,
    num_classes: int,
    *,
    recipe: Recipe,
    tolerance: float = 0.05,
    robust_scaling: bool = False,
) -> ComparedNetwork:
    """Return the network that a reference names, scaled to a budget of FLOPs.

    A published network is scaled as its family is. Any other is unchanged if it has the FLOPs already, and otherwise
    scaled by :func:`rnas.experiments.comparison._scaling.scaling_of`.

    Args:
        reference: a result of :func:`rnas.experiments.resolve`.
        flops: multiply-accumulates for one image.
        input_shape: (C, H, W) of one image.
        num_classes: number of logits.
        recipe: recipe whose activation, if it has one, the network gets.
        tolerance: greatest relative difference from the FLOPs.
        robust_scaling: residual networks that are not published take RobustScaling's proportions instead of their own.

    Raises:
        InputError: nothing of its family is near the budget, or it cannot be scaled.
    """
    words = reference.name
    baseline = _baseline(words)
    own = reference.architecture
    if baseline is not None:
        found = _near(words, baseline.scaled_to, flops, input_shape, num_classes)
        description = baseline.scaling.description
    elif not robust_scaling and abs(own.cost(input_shape, num_classes).flops / flops - 1) <= tolerance:
        found, description = None, "as it is"
    else:
        scaling = scaling_of(own, tolerance, robust_scaling)
        found, description = _near(words, scaling.nearest, flops, input_shape, num_classes), scaling.description
        if not robust_scaling:
            description = description.replace("RobustScaling", "its own proportions")
    if found is not None and abs(found.deviation) > tolerance:
        raise InputError(f"{words}: {_off(found)}; {_FIX}")
    network = with_activation(own if found is None else found.architecture, recipe)
    return ComparedNetwork(
        name=Request(words).name if baseline is None else baseline.name,
        words=words,
        architecture=arch.to_dict(network),
        published=None if baseline is None else baseline.name,
        scaling=description,
        setting="" if found is None else found.setting,
    )


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


def _near(
    words: str, nearest: Callable[[int, Shape, int], Scaled], flops: int, input_shape: Shape, num_classes: int
) -> Scaled:
    """Return the nearest to a budget; InputError that names the network if none is near it."""
    try:
        return nearest(flops, input_shape, num_classes)
    except InputError as error:
        raise InputError(f"{words}: {error}; {_FIX}") from None


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
