"""The smallest experiment of each kind: of seconds, on digits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnas.experiment import Experiment
from rnas.experiments.comparison import settings as comparison_settings
from rnas.experiments.comparison.run import Comparison
from rnas.experiments.references import referenced
from rnas.experiments.replications import settings as replication_settings
from rnas.experiments.replications.run import ReplicationRun
from rnas.experiments.training.settle import settle
from rnas.experiments.training.training import Training
from rnas.experiments.tuning.tuning import Tuning, tuning_settings
from rnas.networks.residual import ResidualNetwork

NETWORKS = tuple(ResidualNetwork((1, depth), (4, 8), stem_width=4) for depth in (1, 2))


def comparison(path: Path) -> Experiment[Any, Any]:
    """Two networks with two seeds, tuned in two trials each."""
    settings = comparison_settings.resolve_settings(
        NETWORKS,
        flops="50K",
        tolerance=0.9,
        seeds=2,
        tune=2,
        data="digits",
        recipe="short-sat",
        images=64,
        epochs=1,
        fidelity={"attack_steps": 1},
        evaluation={"steps": 1},
        attacks=("fgsm",),
        attacked_images=50,
        flags=False,
    )
    return Comparison.create(settings, path)


def replication(path: Path) -> Experiment[Any, Any]:
    """Six tiny networks with one seed."""
    settings = replication_settings.resolve_settings(
        "robust-wrn-scaling", base_channels=(2, 4, 8), epochs=1, images=64, seeds=1
    )
    return ReplicationRun.create(settings, path)


_TRAINING = {
    "data": "digits",
    "recipe": {"name": "sat", "crafting": {"steps": 1}},
    "epochs": 2,
    "batch_size": 40,
    "images": {"training": 80, "selection": 40, "final": 40},
    "evaluation": {"steps": 1},
    "attacks": ("fgsm",),
    "device": "cpu",
}


def training(path: Path) -> Experiment[Any, Any]:
    """A network trained for two epochs."""
    return Training.create(settle(referenced(NETWORKS[0]), _TRAINING), path)


def tuning(path: Path) -> Experiment[Any, Any]:
    """Three trials of two epochs."""
    settings = tuning_settings(settle(referenced(NETWORKS[0]), _TRAINING), trials=3, pruner="none")
    return Tuning.create(settings, path)


KINDS: dict[str, Callable[[Path], Experiment[Any, Any]]] = {
    "comparison": comparison,
    "replication": replication,
    "training": training,
    "tuning": tuning,
}
"""What makes the smallest experiment of a kind in a directory."""
