"""Compare smooth activations under weight decay, also of BatchNorm, in baseline and advanced training."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import difference, minus
from rnas.experiments.replications.design import (
    ROBUST_RESNETS,
    DesignCell,
    Factor,
    Replication,
    ReplicationFigure,
    Size,
)
from rnas.networks.block import Block

_ACTIVATIONS = ("relu", "silu", "softplus", "gelu")
_WEIGHT_DECAYS = (1e-4, 2e-4, 5e-4)
_HALF_A_POINT = 0.005

BASELINE, ADVANCED = "baseline", "advanced"
DECAYS, KEPT = "decays", "kept from it"

_ADVANCED: dict[str, Any] = {"name": "aat", "extra_fraction": 0.0, "activation": None, "learning_rate": 0.1}


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a cell for every combination, in one network."""
    depth, width = (4, 10) if size.paper else (2, 2)
    for training, decayed, decay in product((BASELINE, ADVANCED), (DECAYS, KEPT), _WEIGHT_DECAYS):
        changes = {**(_ADVANCED if training == ADVANCED else {}), "weight_decay": decay}
        for activation in _ACTIVATIONS:
            network = size.network((depth,) * 3, (width,) * 3, Block(activation=activation))
            levels: dict[str, Factor] = {
                "activation": activation,
                "training": training,
                "BatchNorm": decayed,
                "weight decay": decay,
            }
            yield size.cell(network, levels, {**changes, "decay_normalization": decayed == DECAYS})


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on each smooth activation against ReLU, averaged over the weight decays."""
    relu = {"activation": "relu"}
    no_gain = [
        Claim(
            f"baseline training: {activation} gains no more than half a point over relu",
            difference(design, {"activation": activation}, relu, {"training": BASELINE, "BatchNorm": DECAYS}),
            expected="below",
            bound=_HALF_A_POINT,
        )
        for activation in _ACTIVATIONS[1:]
    ]

    def silu(batch_norm: str) -> Any:
        return difference(design, {"activation": "silu"}, relu, {"BatchNorm": batch_norm})

    return [
        Claim(
            "advanced training, BatchNorm without weight decay: silu is better than relu",
            difference(design, {"activation": "silu"}, relu, {"training": ADVANCED, "BatchNorm": KEPT}),
        ),
        Claim("silu gains more over relu if BatchNorm has no weight decay", minus(silu(KEPT), silu(DECAYS))),
        *no_gain,
    ]


REPLICATION = Replication(
    name="activations",
    title="Smooth activations and weight decay",
    paper=ROBUST_RESNETS,
    section="section 4.1.2, figure 6, and observation 4 of section 1",
    observation="Whether smooth activations help depends on the training: under baseline training they do not improve "
    "on ReLU, under advanced training SiLU does. It is crucial that BatchNorm has no weight decay.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(
        x="weight decay", colour=("activation",), like="Figure 6 a to c", panel=("training", "BatchNorm")
    ),
    seeds=2,
    note="The paper compares each activation at its best weight decay, which the same results choose; here the weight "
    "decays are averaged. Advanced training is the paper's recipe without its extra data, at a learning rate of .1, "
    "since it shares length and batch size with the baseline. The bound of half a point for no improvement is ours.",
)
