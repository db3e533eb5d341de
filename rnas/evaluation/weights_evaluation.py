"""Clean and robust accuracy of a network with given weights, and all that decided them."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnas import architecture as arch
from rnas.attacks.fgsm import FGSM
from rnas.attacks.named import named_attack
from rnas.attacks.pgd import PGD
from rnas.data.dataset import Dataset, Part, PartSizes, content_hash, divide
from rnas.errors import InputError
from rnas.evaluation.adversarial_training import AdversarialTraining, ResolvedTraining, load_dataset
from rnas.evaluation.robustness import evaluate_robustness
from rnas.provenance import device_name, versions
from rnas.reference import Reference, resolve
from rnas.report.interval import proportion
from rnas.run_directory import RunDirectory
from rnas.weights import load_weights

_DATA = "cifar10"


@dataclass(frozen=True)
class Request:
    """What to evaluate, on what, and under which attacks. None is the run's own where the network has one.

    Attributes:
        network: what :func:`rnas.reference.resolve` understands.
        weights: a file of weights; None is the run's checkpoint.
        data: registered data set; None without a run is CIFAR-10.
        data_dir: folder of its files.
        epsilon: l-infinity radius in [0, 1]; None without a run is the data's usual one.
        attacks: names that :func:`rnas.attacks.named.named_attack` knows, at least one.
        images: the first so many of the final part, at least 1; None is all by default.
        split_seed: divides the data; None without a run is 0.
        seed: of the attacks' noise.
        batch_size: images at a time, at least 1.
        device: a torch device.
    """

    network: str
    weights: Path | None = None
    data: str | None = None
    data_dir: Path | None = None
    epsilon: Fraction | None = None
    attacks: tuple[str, ...] = ("fgsm", "pgd20", "pgd20-margin")
    images: int | None = None
    split_seed: int | None = None
    seed: int = 0
    batch_size: int = 500
    device: str = "cpu"


def evaluate_weights(request: Request, progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Classify images of the final part as they are and under each attack, in float32 and eval mode.

    An image withstands an attack if it is classified correctly as it is and attacked, and the worst case if it
    withstands every attack. An attack's result does not depend on which others are asked for.

    Args:
        request: what to evaluate.
        progress: told a line when the attacks begin and before each of them.

    Returns:
        The accuracies in [0, 1] with their Wilson 95 % intervals, and all that decided them, as JSON values.

    Raises:
        InputError: there are no weights; they, the network and the data do not fit each other; or something asked
            for does not exist.
    """
    reference = resolve(request.network)
    weights = request.weights if request.weights is not None else reference.checkpoint
    if weights is None:
        raise InputError(f"{request.network} has no weights here, and random ones mean nothing: give --weights FILE")
    # The images that a run's training never saw are known from its own division of the data alone.
    training = _training(reference)
    name = request.data or (training.data if training else _DATA)
    if training is not None and training.data != name:
        training = None
    dataset = load_dataset(name, request.data_dir or (training.data_dir if training else None))
    epsilon = request.epsilon if request.epsilon is not None else (training.eps if training else dataset.epsilon)
    attacks = {attack: named_attack(attack, epsilon) for attack in dict.fromkeys(request.attacks)}
    split_seed = _split_seed(request, dataset, training)
    parts = _divided(dataset, training.images if training else dataset.parts, request.images, split_seed)
    part = _final(parts, request.images, request.device)
    model = _loaded(reference, weights, dataset).to(request.device)
    progress(f"{request.network}: {len(part)} images of {dataset.name}, epsilon {epsilon}")
    results = {}
    # TensorFloat-32, which GPUs would else take for convolutions, is not float32.
    with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        for number, (label, attack) in enumerate(attacks.items(), 1):
            progress(f"{label} ({number} of {len(attacks)})")
            results[label] = evaluate_robustness(model, part, [attack], request.seed, request.batch_size)
    worst = torch.stack([result.robust for result in results.values()]).all(dim=0)
    return {
        "network": request.network,
        "architecture": arch.to_dict(reference.architecture),
        "weights": {"file": str(weights), "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()},
        "data": {
            "name": dataset.name,
            "part": "final",
            "images": len(part),
            "published_test_images": dataset.held_out > 0,
            "input_shape": list(dataset.input_shape),
            "num_classes": dataset.num_classes,
            "split_seed": split_seed,
            "hash": content_hash(parts),
        },
        "norm": "linf",
        "epsilon": str(epsilon),
        "seed": request.seed,
        "batch_size": request.batch_size,
        "precision": "float32",
        "interval": "Wilson, 95 %",
        "clean": _accuracy(next(iter(results.values())).clean),
        "attacks": [
            {"name": label, **_description(attacks[label]), **_accuracy(result.robust)}
            for label, result in results.items()
        ],
        "worst_case": _accuracy(worst),
        "versions": versions(),
        "device": device_name(request.device),
        "note": dataset.note,
    }


def _training(reference: Reference) -> ResolvedTraining | None:
    """How the run of a checkpoint trained, or None where there is no run or it trained otherwise."""
    if reference.checkpoint is None:
        return None
    evaluator = RunDirectory(reference.checkpoint.parent.parent).setup().evaluator
    return evaluator.settings.train.resolved() if isinstance(evaluator, AdversarialTraining) else None


def _split_seed(request: Request, dataset: Dataset, training: ResolvedTraining | None) -> int:
    own = training.split_seed if training else 0
    if request.split_seed is None or request.split_seed == own:
        return own
    if training is not None and not dataset.held_out:
        raise InputError(
            f"--split-seed {request.split_seed}: the run divided {dataset.name} by seed {own}, and by another some of "
            "the images would be ones that it was trained on; leave --split-seed out"
        )
    return request.split_seed


def _divided(dataset: Dataset, sizes: PartSizes, images: int | None, split_seed: int) -> dict[str, Part]:
    """The parts of the data; the final one reaches as far into published test images as is asked for."""
    most = dataset.held_out or sizes.final
    if images is not None and images > most:
        raise InputError(f"--images {images}: {dataset.name} has {most} to evaluate on; give at most as many")
    if images is not None and images > sizes.final:
        sizes = sizes.model_copy(update={"final": images})
    return divide(dataset, sizes, split_seed)


def _final(parts: dict[str, Part], images: int | None, device: str) -> Part:
    part = parts["final"]
    chosen = part if images is None else part.first(images)
    return Part(chosen.pixels.to(device), chosen.labels.to(device), chosen.ids.to(device), chosen.white)


def _loaded(reference: Reference, weights: Path, dataset: Dataset) -> nn.Module:
    """The network for the data's images and classes, with the weights."""
    there = (reference.input_shape, reference.num_classes)
    here = (dataset.input_shape, dataset.num_classes)
    if reference.checkpoint is not None and there != here:
        raise InputError(
            f"{reference.name} was made for {_images(*there)}, {dataset.name} has {_images(*here)}: "
            "give --data that it was made for"
        )
    try:
        with torch.random.fork_rng(devices=[]):
            module = reference.architecture.build(dataset.num_classes, dataset.input_shape)
        load_weights(module, weights, reference.weight_names, reference.name)
    except InputError as error:
        # Here the data decide the number of classes.
        fault = re.sub(r", so give num_classes=\d+$", "", str(error))
        raise InputError(
            f"{fault}; the network was built for {dataset.name}, {_images(*here)}: give --data that the weights "
            "were made for, or the network that they are of"
        ) from None
    return module.eval()


def _images(shape: Sequence[int], classes: int) -> str:
    return f"{'x'.join(map(str, shape))} images of {classes} classes"


def _accuracy(right: Tensor) -> dict[str, float]:
    share = proportion(right.double().mean().item(), len(right))
    return {"correct": int(right.sum()), "accuracy": share.value, "low": share.low, "high": share.high}


def _description(attack: FGSM | PGD) -> dict[str, Any]:
    """What a name stands for; a step's size is that for pixels in [0, 1]."""
    if isinstance(attack, FGSM):
        steps, loss, random_start = 1, "cross-entropy", attack.random_start
    else:
        steps, loss, random_start = attack.steps, attack.loss, True
    return {"steps": steps, "step": str(attack.epsilon * attack.step), "loss": loss, "random_start": random_start}
