"""How fast are training and evaluation, and is the cost estimate right?"""

from functools import partial
from typing import Any

import torch
from place import EPSILON, Place, attempts, networks, probe

from rnas.attacks.pgd import PGD
from rnas.evaluation.robustness import evaluate_robustness
from rnas.networks.architecture import Architecture
from rnas.training.numerics import Numerics

NUMERICS: dict[str, dict[str, Any]] = {
    "float32": {},
    "float32, channels first": {"channels_last": False},
    "tf32": {"tf32": True},
    "bfloat16": {"precision": "bfloat16"},
    "tf32, graphs": {"tf32": True, "cuda_graphs": True},
    "bfloat16, graphs": {"precision": "bfloat16", "cuda_graphs": True},
    "bfloat16, graphs, channels first": {"precision": "bfloat16", "cuda_graphs": True, "channels_last": False},
}


@probe(100)
def steps(place: Place) -> dict[str, Any]:
    """Time a training step with PGD-7 under every switch."""
    batches = place.size((128, 512), (4,))
    return attempts(
        {
            f"{name}, batch {batch}, {key}": partial(_step, place, network, numerics, batch)
            for name, network in networks(place).items()
            for batch in batches
            for key, numerics in list(NUMERICS.items())[: place.size(None, 1)]
            if batch == batches[0] or key.startswith("bfloat16")
        }
    )


def _step(place: Place, network: Architecture, numerics: dict[str, Any], batch: int) -> dict[str, Any]:
    if place.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    images = place.images(place.size(16, 4) * batch)
    trainer = place.trainer(network, images, numerics, batch=batch, attack_steps=place.size(7, 1))
    seconds = trainer.step_seconds(place.size(12, 1))
    operations = 2 * network.cost((3, 32, 32), 10).flops * batch * (2 * place.size(7, 1) + 3)
    return {
        "ms": 1e3 * seconds,
        "images/s": batch / seconds,
        "TFLOP/s": operations / seconds / 1e12,
        "MiB": torch.cuda.max_memory_reserved() // 2**20 if place.device == "cuda" else None,
        "without a graph": trainer.graph_failure,
    }


@probe(60)
def evaluation(place: Place) -> dict[str, Any]:
    """Time PGD-20 by precision, memory format and batch; images a second."""
    kinds = {
        "float32": Numerics(),
        "float32, channels first": Numerics(channels_last=False),
        "tf32": Numerics(tf32=True),
        "bfloat16": Numerics(precision="bfloat16"),
    }
    return attempts(
        {
            f"{name}, batch {batch}, {key}": partial(_images_per_second, place, network, numerics, batch)
            for name, network in networks(place).items()
            for batch in place.size((500, 2000), (4,))
            for key, numerics in list(kinds.items())[: place.size(None, 1)]
        }
    )


def _images_per_second(place: Place, network: Architecture, numerics: Numerics, batch: int) -> float:
    images, model = place.images(batch), place.build(network).eval()
    numerics.prepare(model)
    attack = PGD(EPSILON, place.size(20, 1))

    def run() -> None:
        with numerics.active(torch.device(place.device)):
            evaluate_robustness(model, images, [attack], 0, batch)

    return 1e3 * batch / place.milliseconds(run, 1)
