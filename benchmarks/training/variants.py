"""Define the compared variants of a training."""

from typing import Any

from timed_process import Variant

from rnas.training.numerics import Numerics

_OFF = {"channels_last": False, "folding": False}
_AS_TORCH_HAS_IT = Numerics(tf32=True)

PLAIN = Variant("plain", "plain", _AS_TORCH_HAS_IT, cudnn_benchmark=True)
"""The papers' loop, with which all others are compared."""

PLAIN_AGAIN = Variant("plain again", "plain", _AS_TORCH_HAS_IT, cudnn_benchmark=True)
"""The same variant again; the deviation of its speed-up from 1 shows the noise of the machine."""

FLOAT32 = Variant("rnas float32")
TF32 = Variant("rnas tf32", numerics=Numerics(tf32=True))
BFLOAT16 = Variant("rnas bfloat16", numerics=Numerics(precision="bfloat16"))
GRAPHED = Variant("rnas bfloat16, graphs", numerics=Numerics(precision="bfloat16", cuda_graphs=True))


def best(device: str) -> Variant:
    """Return the fastest variant for small networks."""
    return GRAPHED if device.startswith("cuda") else BFLOAT16


def chosen(device: str) -> list[Variant]:
    """Return the variants that every network is timed with."""
    if device.startswith("cuda"):
        return [PLAIN, TF32, BFLOAT16, GRAPHED]
    return [PLAIN, PLAIN_AGAIN, FLOAT32, BFLOAT16]


def alone(device: str, compiled: bool) -> list[Variant]:
    """Return a variant without speed options, and one for each option alone."""
    found: dict[str, dict[str, Any]] = {
        "no switch": {},
        "channels_last": {"channels_last": True},
        "folding": {"folding": True},
        "bfloat16": {"precision": "bfloat16"},
    }
    if device.startswith("cuda"):
        found |= {"tf32": {"tf32": True}, "cuda_graphs": {"cuda_graphs": True}}
    if compiled:
        found["compile"] = {"compile": True}
    return [Variant(f"rnas, {name}", numerics=Numerics(**(_OFF | switch))) for name, switch in found.items()]


def switches(device: str, recipe: str, compiled: bool) -> list[Variant]:
    """Return a variant for each option alone, including those that only the plain loop has."""
    found = [
        *alone(device, compiled),
        Variant("plain, fused", "plain", _AS_TORCH_HAS_IT, fused=True, cudnn_benchmark=True),
    ]
    if recipe == "trades-10":
        found.append(Variant("plain, recomputing", "recomputing", _AS_TORCH_HAS_IT, cudnn_benchmark=True))
    if device.startswith("cuda"):
        found += [
            PLAIN_AGAIN,
            FLOAT32,
            Variant("plain, no tf32", "plain", Numerics(tf32=False), cudnn_benchmark=True),
            Variant("rnas bfloat16, searched", numerics=BFLOAT16.numerics, cudnn_benchmark=True),
        ]
    return found


def whose_accuracy_counts(device: str, compiled: bool) -> list[Variant]:
    """Return variants without options, with each option alone, and the fastest one."""
    return [*alone(device, compiled), FLOAT32, best(device)]
