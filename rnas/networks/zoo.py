"""Describe published networks: their architecture, their published results, and how they scale to other budgets.

A family is a file with a tuple of :class:`Baseline`, registered under ``rnas.baselines``.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from rnas import registry
from rnas.errors import InputError
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cost import Cost
from rnas.networks.weight_names import WeightNames

CIFAR: Shape = (3, 32, 32)


@dataclass(frozen=True)
class PublishedAccuracy:
    """Hold an accuracy in percent as printed, and the standard deviation over repetitions if one is printed."""

    mean: float
    spread: float | None = None


ACCURACIES = ("clean", "pgd20", "cw40", "autoattack", "pgd_l2", "pgd_l1", "worst_case", "corruptions")
"""Fields of :class:`Published` that are accuracies."""


@dataclass(frozen=True)
class Published:
    """Hold one network's row of a published table. A value that the table does not have is None.

    Attributes:
        dataset: ``cifar10``, ``cifar100`` or ``imagenet``.
        training: the adversarial training, and the checkpoint if the table has several.
        source: paper and table.
        clean: accuracy without attack.
        pgd20: accuracy under 20 steps of PGD; the step sizes of different papers differ.
        cw40: accuracy under 40 steps of PGD on the margin loss.
        autoattack: accuracy under AutoAttack.
        params: #P as printed, in millions.
        flops: #F as printed, in billions of multiply-accumulates.
        note: known errors or special features of the row.
        pgd_l2: accuracy under 20 steps of PGD in an l2 ball of radius 1.5.
        pgd_l1: accuracy under 20 steps of PGD in an l1 ball of radius 40.
        worst_case: share of images that stay right under all of ``pgd20``, ``autoattack``, ``pgd_l2`` and ``pgd_l1``.
        corruptions: mean accuracy on corrupted images, CIFAR-10-C.
    """

    dataset: str
    training: str
    source: str
    clean: PublishedAccuracy | None = None
    pgd20: PublishedAccuracy | None = None
    cw40: PublishedAccuracy | None = None
    autoattack: PublishedAccuracy | None = None
    params: str | None = None
    flops: str | None = None
    note: str = ""
    pgd_l2: PublishedAccuracy | None = None
    pgd_l1: PublishedAccuracy | None = None
    worst_case: PublishedAccuracy | None = None
    corruptions: PublishedAccuracy | None = None


@dataclass(frozen=True)
class Scaled:
    """Hold a network that was scaled to about a budget.

    Attributes:
        architecture: the network.
        setting: the setting of its family's knob, in words.
        flops: its FLOPs.
        target: the requested FLOPs.
    """

    architecture: Architecture
    setting: str
    flops: int
    target: int

    @property
    def deviation(self) -> float:
        """Return the FLOPs above the target, as a share of it."""
        return self.flops / self.target - 1


class Scaling(Protocol):
    """Scale the networks of a family."""

    @property
    def description(self) -> str:
        """Return what changes and what stays fixed, in one line."""

    def nearest(self, flops: int, input_shape: Shape, num_classes: int) -> Scaled:
        """Return the network of this family for a budget of FLOPs at images of this shape."""


@dataclass(frozen=True)
class Knob:
    """Scale by one whole number, to the FLOPs nearest to the budget.

    Attributes:
        name: name of the number.
        fixed: what stays as published.
        architecture: function from the number to the network; FLOPs grow with it.
        published: the number of the published network.
        step: the number is a multiple of this.
    """

    name: str
    fixed: str
    architecture: Callable[[int], Architecture]
    published: int
    step: int = 1

    @property
    def description(self) -> str:
        """Return the number's name, what is fixed, and the published number."""
        return f"{self.name} at fixed {self.fixed}; {self.published} as published"

    def nearest(self, flops: int, input_shape: Shape, num_classes: int) -> Scaled:
        """Return the network whose FLOPs are nearest to the budget."""

        def scaled(steps: int) -> Scaled:
            architecture = self.architecture(steps * self.step)
            cost = architecture.cost(input_shape, num_classes)
            return Scaled(architecture, f"{self.name} = {steps * self.step}", cost.flops, flops)

        below, above = 1, 2
        while scaled(above).flops < flops:
            below, above = above, 2 * above
        while above - below > 1:
            middle = (below + above) // 2
            below, above = (middle, above) if scaled(middle).flops < flops else (below, middle)
        return min(scaled(below), scaled(above), key=lambda candidate: abs(candidate.flops - flops))


@dataclass(frozen=True)
class Baseline:
    """Describe a published network.

    Attributes:
        name: name in lower case, as in ``robustresnet-a1``.
        family: networks with the same way of scaling, registered as one entry point.
        network: its description, the same for any number of classes.
        source: the paper that published the network.
        scaling: how it scales to other budgets.
        weight_names: naming schemes of published weights, one for each implementation that released some.
        published: published results.
        robust_scaling: RobustScaling of such networks, if it is not already ``scaling``.
        note: differences between the released code and the paper, or facts that had to be derived.
        input_shape: shape of the images that it was published for.
        num_classes: number of classes that it was published for.
    """

    name: str
    family: str
    network: Architecture
    source: str
    scaling: Scaling
    weight_names: tuple[WeightNames, ...]
    published: tuple[Published, ...] = ()
    robust_scaling: Scaling | None = None
    note: str = ""
    input_shape: Shape = CIFAR
    num_classes: int = 10

    def architecture(self, num_classes: int) -> Architecture:
        """Return the network for a number of classes; a description does not include the classifier."""
        return self.network

    @property
    def cost(self) -> Cost:
        """Return params and FLOPs for the images and classes that it was published for."""
        return self.cost_of(self.num_classes)

    def cost_of(self, num_classes: int) -> Cost:
        """Return params and FLOPs for the images that it was published for, and this number of classes."""
        return _cost(self.architecture(num_classes), self.input_shape, num_classes)

    def scaled_to(self, flops: int, input_shape: Shape = CIFAR, num_classes: int = 10) -> Scaled:
        """Return the network of its family for a budget of FLOPs; raise InputError unless the budget is above zero."""
        if flops <= 0:
            raise InputError(f"{self.name} cannot be scaled to {flops} FLOPs; give a budget above zero")
        return self.scaling.nearest(flops, input_shape, num_classes)


@cache
def _cost(architecture: Architecture, input_shape: Shape, num_classes: int) -> Cost:
    return architecture.cost(input_shape, num_classes)


@cache
def baselines() -> dict[str, Baseline]:
    """Return every installed baseline by name, family after family."""
    found: dict[str, Baseline] = {}
    for family in registry.names(registry.BASELINES):
        for baseline in registry.load(registry.BASELINES, family):
            if _bare(baseline.name) in map(_bare, found):
                raise InputError(f"two installed baselines are called {baseline.name!r}; uninstall one of them")
            found[baseline.name] = baseline
    return found


def find(name: str) -> Baseline:
    """Return the baseline of a name, whatever its case and hyphens; InputError names similar ones if there is none."""
    by_name = {_bare(known): baseline for known, baseline in baselines().items()}
    if _bare(name) not in by_name:
        similar = difflib.get_close_matches(name.lower(), baselines(), n=5, cutoff=0.5)
        hint = f"similar: {', '.join(similar)}" if similar else "see rnas zoo"
        raise InputError(f"unknown network {name!r}; {hint}")
    return by_name[_bare(name)]


def same_weights(architecture: Architecture) -> list[str]:
    """Return the names of other published networks whose weights have the same names and shapes."""
    alike = getattr(architecture, "plainest", None)
    return [
        name
        for name, baseline in baselines().items()
        if alike is not None and baseline.network != architecture and alike == getattr(baseline.network, "plainest", 0)
    ]


def _bare(name: str) -> str:
    """Return a name without hyphens and capitals: ``RobustResNet-A1`` and ``robust-resnet-a1`` are one name."""
    return name.lower().replace("-", "")
