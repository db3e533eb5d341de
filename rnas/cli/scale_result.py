"""What ``rnas scale`` finds, as JSON values."""

from dataclasses import asdict
from typing import Any

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.residual import BASE_CHANNELS, ResidualNetwork
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.zoo import CIFAR, Scaling, find

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


def scaled(scaling: Scaling, flops: int, tolerance: float) -> dict[str, Any]:
    """The network for a budget, with its deviation; by RobustScaling the objective too, and the printed settings.

    Raises:
        InputError: no network is within the tolerance.
    """
    robust: dict[str, Any] = {}
    if isinstance(scaling, RobustScaling):
        best = scaling.optimum(flops, CIFAR, CLASSES)
        architecture, setting = scaling.architecture(best.depths, best.widths), str(best)
        robust = {"minimised": OBJECTIVE, "objective": best.objective}
        if isinstance(architecture, ResidualNetwork) and len(best.depths) == _PRINTED_STAGES:
            robust["printed"] = [printed(name, scaling) for name in _PRINTED]
    else:
        found = scaling.nearest(flops, CIFAR, CLASSES)
        architecture, setting = found.architecture, found.setting
        if abs(found.deviation) > tolerance:
            raise InputError(f"the nearest, {setting}, is {found.deviation:+.1%} off; a larger --tolerance allows that")
    cost = architecture.cost(CIFAR, CLASSES)
    return {
        "architecture": arch.to_dict(architecture),
        "scaling": scaling.description,
        "setting": setting,
        "params": cost.params,
        "flops": cost.flops,
        "target": flops,
        "deviation": cost.flops / flops - 1,
        "input_shape": list(CIFAR),
        "num_classes": CLASSES,
        **robust,
    }


def printed(name: str, scaling: RobustScaling) -> dict[str, Any]:
    """A printed setting, and the best at its budget by the same objective, which is None where there is none."""
    network = find(name).network
    budget = _PRINTED[name]
    assert isinstance(network, ResidualNetwork)
    widths = tuple(width // base for width, base in zip(network.channels, BASE_CHANNELS, strict=False))
    setting = scaling.setting(network.depths, widths, budget, CIFAR, CLASSES)
    try:
        best = asdict(scaling.optimum(budget, CIFAR, CLASSES))
    except InputError:
        best = None
    return {"name": name, "target": budget, "printed": asdict(setting), "optimum": best}
