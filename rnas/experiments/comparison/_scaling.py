"""Scale networks that are not published to a budget of FLOPs."""

from dataclasses import replace
from functools import partial

from rnas.errors import InputError
from rnas.networks.architecture import Architecture
from rnas.networks.darts_cells import DartsCellNetwork
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.residual import BASE_CHANNELS, ResidualNetwork
from rnas.networks.robnet import RobNetwork
from rnas.networks.robust_scaling import RobustScaling, Rule
from rnas.networks.zoo import Knob, Scaling

_UNITS = (16, 8, 4, 2, 1)
"""Channels of the first stage at width 1, for proportions of a network's own; later stages have twice as many each."""

_LEAST_WIDTH = 4
"""Fewest channels of a network's narrowest stage, so that it can shrink."""


def scaling_of(architecture: Architecture, tolerance: float, robust_scaling: bool) -> Scaling:
    """Return how a network of its family is scaled up and down.

    Residual networks keep the proportions of their own depths and widths, or take those of RobustScaling; networks of
    cells keep cells and depth, and change their channels.

    Args:
        architecture: the network.
        tolerance: greatest relative difference from the FLOPs.
        robust_scaling: residual networks take RobustScaling's proportions.

    Raises:
        InputError: nothing is known of networks of its kind, or RobustScaling is for another number of stages.
    """
    if isinstance(architecture, ResidualNetwork):
        return _residual(architecture, tolerance, robust_scaling)
    if isinstance(architecture, DartsCellNetwork):
        fixed = f"{architecture.layers} cells and proportions of the stages"
        return Knob(
            "channels of the first stage", fixed, partial(_darts_cells, architecture), architecture.channels[0], 2
        )
    if isinstance(architecture, RobNetwork | NASBench201Cell):
        layers = architecture.layers if isinstance(architecture, RobNetwork) else 3 * architecture.cells
        step = 2 if isinstance(architecture, RobNetwork) and architecture.stem == "imagenet" else 1
        return Knob(
            "channels of the first stage",
            f"{layers} cells",
            partial(_with_channels, architecture),
            architecture.channels,
            step,
        )
    raise InputError(
        f"a network of kind {architecture.kind} cannot be scaled by itself: name a published network of its family, "
        "or give one that has the FLOPs"
    )


def own_rule(network: ResidualNetwork) -> Rule:
    """Return the proportions of a network's own depths and widths."""
    widths = tuple(planes / base for planes, base in zip(network.channels, _bases(network), strict=True))
    return Rule(tuple(map(float, network.depths)), widths, sum(network.depths) / sum(widths))


def _residual(network: ResidualNetwork, tolerance: float, robust_scaling: bool) -> RobustScaling:
    rule = Rule() if robust_scaling else own_rule(network)
    if len(rule.depths) != len(network.depths):
        raise InputError(
            f"RobustScaling is for {len(rule.depths)} stages; a network of {len(network.depths)} keeps its own "
            "proportions: leave robust_scaling out"
        )
    # The rule's ratio of depth to width is one of widths in the paper's unit.
    bases = BASE_CHANNELS[: len(network.channels)] if robust_scaling else _bases(network)
    unit = f"depth in blocks, width in multiples of {', '.join(map(str, bases))} channels"
    return RobustScaling(partial(_staged, network, bases), unit, rule, tolerance)


def _bases(network: ResidualNetwork) -> tuple[int, ...]:
    """Return the channels of each stage at width 1. They divide the network's own, so that its blocks stay possible."""
    bases = (1,) * len(network.channels)
    for unit in reversed(_UNITS):
        larger = tuple(unit * 2**stage for stage in range(len(network.channels)))
        parts = [divmod(planes, base) for planes, base in zip(network.channels, larger, strict=True)]
        if all(rest == 0 and width >= _LEAST_WIDTH for width, rest in parts):
            bases = larger
    return bases


def _staged(
    network: ResidualNetwork, bases: tuple[int, ...], depths: tuple[int, ...], widths: tuple[int, ...]
) -> Architecture:
    channels = tuple(base * width for base, width in zip(bases, widths, strict=True))
    return replace(network, depths=depths, channels=channels)


def _darts_cells(network: DartsCellNetwork, channels: int) -> Architecture:
    share = channels / network.channels[0]
    first, second, third = (2 * max(1, round(share * own / 2)) for own in network.channels)
    stem = max(1, round(share * network.stem_channels))
    return replace(network, channels=(first, second, third), stem_channels=stem)


def _with_channels(network: RobNetwork | NASBench201Cell, channels: int) -> Architecture:
    return replace(network, channels=channels)
