"""Bring the networks of a block or of a family to a budget of FLOPs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block, block_type
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.cost import Cost
from rnas.networks.residual import BASE_CHANNELS, ResidualNetwork, widened
from rnas.networks.robust_scaling import RobustScaling, Rule, Setting
from rnas.networks.zoo import CIFAR, Baseline, Scaling, baselines, find
from rnas.scaling_rules.saved_rule import SavedRule, find_rule
from rnas.utils._tabular import Tabular, notebook_table
from rnas.utils.quantities import parse_share, parse_size

CLASSES = 10
"""Classes that costs are counted for."""

OBJECTIVE = (
    "the sum of the squared logarithms of what is off: of each depth from the depths' proportion, of each width from "
    "the widths', of the ratio of their sums, and of the FLOPs from the target"
)

_PRINTED = {
    "robust-resnet-a1": 5 * 10**9,
    "robust-resnet-a2": 10 * 10**9,
    "robust-resnet-a3": 20 * 10**9,
    "robust-resnet-a4": 40 * 10**9,
}
"""Networks whose depths and widths RobustScaling's paper prints, and the FLOPs that it scaled them to."""

_PRINTED_STAGES = 3


@dataclass(frozen=True)
class PrintedSetting:
    """Compare a setting that RobustScaling's paper prints with the best one by the same objective.

    Attributes:
        name: of the published network.
        target: the FLOPs that it was scaled to.
        printed: the setting of the paper.
        optimum: the setting of least objective; None where none comes near enough to the target.
    """

    name: str
    target: int
    printed: Setting
    optimum: Setting | None


@dataclass(frozen=True)
class ScaledNetwork(Tabular):
    """Hold a network that was brought to a budget of FLOPs.

    Attributes:
        architecture: the network.
        scaling: how it was scaled.
        setting: what was chosen, in words.
        target: the FLOPs that were asked for.
        objective: what RobustScaling minimises; None for a network that was scaled by its family's own knob.
        rule: the rule of a file by which it was scaled, where there is one.
    """

    architecture: Architecture
    scaling: Scaling
    setting: str
    target: int
    objective: float | None = None
    rule: SavedRule | None = None

    @property
    def cost(self) -> Cost:
        """Return params and FLOPs for one 3x32x32 image and ten classes."""
        return self.architecture.cost(CIFAR, CLASSES)

    @cached_property
    def printed(self) -> tuple[PrintedSetting, ...]:
        """Return what RobustScaling's paper prints for networks of three stages; this takes a second or two."""
        scaling = self.scaling
        if not isinstance(scaling, RobustScaling) or not isinstance(self.architecture, ResidualNetwork):
            return ()
        if scaling.unit != RobustScaling.unit:
            return ()
        return tuple(_printed(scaling)) if len(self.architecture.depths) == _PRINTED_STAGES else ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values, the printed settings included."""
        content: dict[str, Any] = {
            "architecture": arch.to_dict(self.architecture),
            "scaling": self.scaling.description,
            "setting": self.setting,
            "params": self.cost.params,
            "flops": self.cost.flops,
            "target": self.target,
            "deviation": self.cost.flops / self.target - 1,
            "input_shape": list(CIFAR),
            "num_classes": CLASSES,
        }
        if self.objective is not None:
            content |= {"minimised": OBJECTIVE, "objective": self.objective}
        if self.printed:
            content["printed"] = [asdict(printed) for printed in self.printed]
        if self.rule is not None:
            content["rule"] = {**self.rule.to_dict(), "sentence": self.rule.sentence()}
        return content

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each printed setting, and for the best one at its budget."""
        return [
            {"name": row.name, "target": row.target, "chosen": chosen, **asdict(setting)}
            for row in self.printed
            for chosen, setting in (("printed", row.printed), ("optimum", row.optimum))
            if setting is not None
        ]

    def _repr_html_(self) -> str:
        facts = {
            "setting": self.setting,
            "params": f"{self.cost.params:,}",
            "FLOPs": f"{self.cost.flops:,}",
            "target": f"{self.target:,}",
            "key": arch.key(self.architecture),
        }
        return notebook_table(self.scaling.description, tuple(facts), [tuple(facts.values())])


def scale(
    flops: int | str,
    *,
    block: Block | str | None = None,
    family: Baseline | str | None = None,
    robust_scaling: bool = False,
    rule: Rule | SavedRule | Path | str | None = None,
    tolerance: float | str = 0.05,
    base_channels: Sequence[int] | None = None,
) -> ScaledNetwork:
    """Find the network of a block or family for a budget of FLOPs.

    Args:
        flops: multiply-accumulates for one 3x32x32 image, such as ``"5G"``; above zero.
        block: block to scale: itself, its topology, or its fields as JSON; None is ``robust-res-block``.
        family: published network or family to scale by its own knob, instead of a block.
        robust_scaling: whether to scale that family by RobustScaling, not by its own knob.
        rule: proportions of depth and width: themselves, ``robust-scaling``, or the file of a rule; None are those of
            RobustScaling.
        tolerance: by what share the FLOPs may be off, in (0, 1), such as 0.05 or ``"5%"``.
        base_channels: channels of each stage at width 1 of a block, such as ``(4, 8, 16)`` for small networks; None is
            16, 32, 64, 128.

    Raises:
        InputError: an argument is wrong, two of them contradict each other, or no network is within the tolerance.

    Examples:
        >>> import rnas
        >>> scaled = rnas.scale("20M", family="wrn-28-10", tolerance=0.2)
    """
    budget = parse_size(flops)
    if budget == 0:
        raise InputError(f"flops: {flops} is no budget; give one above zero")
    share = parse_share(tolerance, "tolerance")
    saved = find_rule(rule) if isinstance(rule, Path | str) else rule if isinstance(rule, SavedRule) else None
    scaling = _scaling(block, family, robust_scaling, base_channels)
    if isinstance(scaling, RobustScaling):
        proportions = saved.rule if saved is not None else rule if isinstance(rule, Rule) else scaling.rule
        stages, bases = len(proportions.depths), base_channels or BASE_CHANNELS
        if len(bases) < stages:
            raise InputError(
                f"base_channels: the rule has {stages} stages; give {stages} whole numbers, not {len(bases)}"
            )
        scaling = replace(scaling, rule=proportions, tolerance=share)
        try:
            best = scaling.optimum(budget, CIFAR, CLASSES)
        except InputError as error:
            smallest = scaling.architecture((1,) * stages, (1,) * stages).cost(CIFAR, CLASSES).flops
            if family is not None or budget >= smallest:
                raise
            raise InputError(f"{error}; smaller base_channels give smaller networks") from None
        architecture = scaling.architecture(best.depths, best.widths)
        return ScaledNetwork(architecture, scaling, str(best), budget, best.objective, saved)
    if rule is not None:
        name = family if isinstance(family, str) else family.name if family is not None else ""
        raise InputError(f"rule: {name} scales by {scaling.description}; a rule is for RobustScaling")
    found = scaling.nearest(budget, CIFAR, CLASSES)
    if abs(found.deviation) > share:
        raise InputError(f"tolerance: the nearest, {found.setting}, is {found.deviation:+.1%} off; give a larger one")
    return ScaledNetwork(found.architecture, scaling, found.setting, budget)


def _scaling(
    block: Block | str | None,
    family: Baseline | str | None,
    robust_scaling: bool,
    base_channels: Sequence[int] | None,
) -> Scaling:
    if block is not None and family is not None:
        raise InputError("block: give block or family, not both")
    if robust_scaling and family is None:
        raise InputError("robust_scaling: it is for a family; a block is always scaled so")
    if family is None:
        if base_channels is None:
            return RobustScaling(partial(widened, block=_block(block)))
        if not all(isinstance(channels, int) and channels > 0 for channels in base_channels):
            raise InputError(f"base_channels: give whole numbers above zero, not {tuple(base_channels)}")
        unit = f"depth in blocks, width in multiples of {', '.join(map(str, base_channels))} channels"
        return RobustScaling(partial(widened, block=_block(block), base_channels=tuple(base_channels)), unit)
    if base_channels is not None:
        raise InputError("base_channels: they are for a block; leave them out for a family")
    baseline = _baseline(family) if isinstance(family, str) else family
    if not robust_scaling or isinstance(baseline.scaling, RobustScaling):
        return baseline.scaling
    if baseline.robust_scaling is None:
        raise InputError(f"RobustScaling is not for {baseline.name}; it scales by {baseline.scaling.description}")
    return baseline.robust_scaling


def _block(block: Block | str | None) -> Block:
    """Return a block; the topology ``robust-res-block`` alone is the block of the published RobustResNets."""
    if block is None or block == ROBUST_RES_BLOCK.topology:
        return ROBUST_RES_BLOCK
    if isinstance(block, Block):
        return block
    if not block.lstrip().startswith("{"):
        block_type(block)
        return Block(topology=block)
    try:
        return TypeAdapter(Block).validate_json(block)
    except ValidationError as error:
        fault = error.errors()[0]
        where = "".join(f"{part}: " for part in fault["loc"])
        raise InputError(f"block: {where}{fault['msg'].removeprefix('Value error, ')}") from None


def _baseline(name: str) -> Baseline:
    family = [network for network in baselines().values() if network.family == name.lower()]
    return family[0] if family and name.lower() not in baselines() else find(name)


def _printed(scaling: RobustScaling) -> Iterator[PrintedSetting]:
    for name, budget in _PRINTED.items():
        network = find(name).network
        assert isinstance(network, ResidualNetwork)
        widths = tuple(width // base for width, base in zip(network.channels, BASE_CHANNELS, strict=False))
        setting = scaling.setting(network.depths, widths, budget, CIFAR, CLASSES)
        try:
            best = scaling.optimum(budget, CIFAR, CLASSES)
        except InputError:
            best = None
        yield PrintedSetting(name, budget, setting, best)
