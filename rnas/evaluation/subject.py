"""Load what is evaluated: a network with its weights, and images that it was not trained on."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnas.attacks.state import attacking
from rnas.data.dataset import Dataset, Split, content_hash, divide
from rnas.data.loading import load_dataset
from rnas.data.splits import SplitSizes
from rnas.errors import InputError, MisfitError
from rnas.evaluation._request import Request
from rnas.evaluation.threats import Threat, parse_threat, threat_of, unseen_threats
from rnas.evaluation.training_data import TrainingData, is_untrained, listed
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.weight_names import WeightNames
from rnas.networks.weights import describe_weights, load_weights
from rnas.networks.zoo import CIFAR
from rnas.utils.files import file_hash, tensors_hash

_DATA = "cifar10"


@dataclass(frozen=True)
class EvaluatedNetwork:
    """Describe a network to evaluate, with its weights and its training if they are known.

    Attributes:
        name: name that its user gives it.
        architecture: the network.
        input_shape: shape of the images for which it was published or searched.
        num_classes: number of classes for which it was published or searched.
        weight_names: naming schemes that files of its weights may follow.
        checkpoint: weights from its search or training, or None.
        training: settings of its training, with its data and splits; None if unknown.
    """

    name: str
    architecture: Architecture
    input_shape: Shape = CIFAR
    num_classes: int = 10
    weight_names: tuple[WeightNames, ...] = ()
    checkpoint: Path | None = None
    training: ResolvedTraining | None = None


@dataclass(frozen=True)
class Subject:
    """Hold everything that a request names, loaded.

    Attributes:
        network: the network; None where a module was given.
        dataset: the data.
        weights: the file of weights; None where a module was given.
        sha256: of the file, or of the module's tensors.
        threats: at least one, no two of the same ball.
        split_seed: seed that divided the data.
        data_hash: hash of all splits of the data.
        images_hash: hash of the images and labels alone, however the rest of the data is divided.
        split: the images, on the device.
        model: the network with its weights, on the device; in eval mode where it was loaded.
        notes: sentences on what is not known of the weights.
    """

    network: EvaluatedNetwork | None
    dataset: Dataset
    weights: Path | None
    sha256: str
    threats: tuple[Threat, ...]
    split_seed: int
    data_hash: str
    images_hash: str
    split: Split
    model: nn.Module
    notes: tuple[str, ...] = ()


def subject_of(network: EvaluatedNetwork, request: Request) -> Subject:
    """Load the network's weights and the images that a request asks for.

    Raises:
        InputError: there are no weights, the weights, the network and the data do not fit each other, or the weights
            were trained on some of the images.
    """
    weights = _weights_of(network, request)
    description = describe_weights(weights)
    trained_on = TrainingData.described(description, weights)
    images = _images_of(request, network.training, trained_on, untrained=is_untrained(description))
    model, notes = loaded(network, weights, description, images.dataset)
    return Subject(
        network=network,
        weights=weights,
        sha256=file_hash(weights),
        model=model.to(request.device),
        **{**vars(images), "notes": (*notes, *images.notes)},
    )


def _weights_of(network: EvaluatedNetwork, request: Request) -> Path:
    weights = request.weights if request.weights is not None else network.checkpoint
    if weights is None:
        raise InputError(f"{request.network} has no weights here, and random ones mean nothing: give a file of weights")
    return weights


def source_of_transfer(network: EvaluatedNetwork | nn.Module, request: Request, subject: Subject) -> Subject:
    """Return a network whose adversarial images are tried on the subject; it may have been trained on the images.

    Raises:
        InputError: there are no weights, or it is for other images or classes than the subject.
    """
    dataset = subject.dataset
    if isinstance(network, nn.Module):
        _require_logits(network, subject.split, dataset)
        return replace(subject, network=None, weights=None, sha256=_hash_of(network), model=network, notes=())
    weights = _weights_of(network, request)
    description = describe_weights(weights)
    trained_on = TrainingData.described(description, weights)
    if trained_on is not None:
        trained_on.require_classes(dataset, network.name)
    model, _ = loaded(network, weights, description, dataset)
    sha256 = file_hash(weights)
    return replace(subject, network=network, weights=weights, sha256=sha256, model=model.to(request.device), notes=())


def module_subject(module: nn.Module, request: Request) -> Subject:
    """Return a module and the images that a request asks for.

    Args:
        module: from images (n, C, H, W) in [0, 1] to logits (n, K), on the request's device.
        request: what to evaluate it on.

    Raises:
        InputError: the module does not take the images, or gives no logit for each class.
    """
    images = _images_of(request, None, None)
    _require_logits(module, images.split, images.dataset)
    return Subject(network=None, weights=None, sha256=_hash_of(module), model=module, **vars(images))


def _hash_of(module: nn.Module) -> str:
    return tensors_hash({name: tensor.detach().cpu() for name, tensor in module.state_dict().items()})


def _require_logits(module: nn.Module, split: Split, dataset: Dataset) -> None:
    name = type(module).__name__
    try:
        with attacking(module), torch.no_grad(), torch.random.fork_rng():
            logits = module(split.images(slice(0, 1)))
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"network {name} does not take {_images(dataset.input_shape, dataset.num_classes)} of {dataset.name} "
            f"({reason}): give the data that it was made for"
        ) from None
    wanted = (1, dataset.num_classes)
    if not isinstance(logits, Tensor) or tuple(logits.shape) != wanted:
        found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise InputError(
            f"network {name} gives {found} for an image of {dataset.name}; logits of shape {wanted} are needed"
        )


@dataclass(frozen=True)
class _EvaluatedImages:
    """Hold what a request asks for in addition to the network; see :class:`Subject`."""

    dataset: Dataset
    threats: tuple[Threat, ...]
    split_seed: int
    data_hash: str
    images_hash: str
    split: Split
    notes: tuple[str, ...]


def _images_of(
    request: Request, training: ResolvedTraining | None, trained_on: TrainingData | None, *, untrained: bool = False
) -> _EvaluatedImages:
    """Return the images of a request, none of which the weights were trained on as far as that is known.

    Args:
        request: what is asked for.
        training: settings of the network's own experiment, which know where its data are.
        trained_on: what the file of the weights says of its training, or None.
        untrained: whether the file says that there was no training.
    """
    dataset = _dataset_of(request, training, trained_on)
    division, epsilon, notes = None, dataset.epsilon, _unknown(dataset, untrained)
    if trained_on is not None:
        trained_on.require_classes(dataset, request.network)
        notes = _other_images(request, dataset, trained_on)
        if trained_on.name == dataset.name:
            epsilon = trained_on.epsilon
        # The images that a training never saw are known from its own division of the same data alone.
        if trained_on.is_of(dataset) and trained_on.num_test_images == dataset.num_test_images:
            division = trained_on
    threats = _threats(request, epsilon, dataset)
    split_seed = _split_seed(request, dataset, division)
    splits = _divided(dataset, division.images if division else dataset.splits, request.images, split_seed)
    split = _test_split(splits, request.images, request.device)
    if division is None and trained_on is not None and trained_on.is_of(dataset):
        overlap = len(trained_on.seen(dataset) & set(split.ids.tolist()))
        if overlap:
            raise InputError(
                f"{request.network} was trained on {overlap} of the {len(split)} images of {dataset.name} that are "
                "test images here: divide the data as they were when it was trained"
            )
    return _EvaluatedImages(dataset, threats, split_seed, content_hash(splits), images_hash(split), split, notes)


def _dataset_of(request: Request, training: ResolvedTraining | None, trained_on: TrainingData | None) -> Dataset:
    if isinstance(request.data, Dataset):
        return request.data
    own = trained_on.name if trained_on is not None else training.data if training is not None else _DATA
    name = request.data or own
    folder = training.data_dir if training is not None and training.data == name else None
    return load_dataset(name, request.data_dir or folder)


def _unknown(dataset: Dataset, untrained: bool) -> tuple[str, ...]:
    """Return sentences on what is not known of weights that say nothing of their training."""
    if untrained:
        return ("These weights are untrained: they were drawn from a seed.",)
    notes = []
    if not dataset.num_test_images:
        notes.append(
            "It is not known which images these weights were trained on: some of those evaluated may be among them."
        )
    if dataset.classes and dataset.verified is None:
        notes.append(
            "It is not known which classes these weights have: their logits are taken in the order "
            f"{listed(dataset.classes)}."
        )
    return tuple(notes)


def _other_images(request: Request, dataset: Dataset, trained_on: TrainingData) -> tuple[str, ...]:
    """Return a sentence if the data are others than those of the training.

    Raises:
        InputError: they have its name and no test images of their own, so that a part of the training may be evaluated.
    """
    if trained_on.is_of(dataset):
        return ()
    notes: tuple[str, ...] = ()
    if trained_on.classes and not dataset.classes:
        notes = (f"{dataset.name} does not name its classes: they are taken to be {listed(trained_on.classes)}.",)
    if dataset.num_test_images:
        return (
            *notes,
            f"These weights were trained on other images than those of {dataset.name} here ({trained_on.name}).",
        )
    if trained_on.name != dataset.name:
        return (
            *notes,
            f"These weights were trained on {trained_on.name}: it is not known whether some of the evaluated images "
            "were among the training images.",
        )
    raise InputError(
        f"{request.network}: the images of {dataset.name} are not those that it was trained on (sha256 "
        f"{dataset.digest[:12]} instead of {trained_on.sha256[:12]}), so that some of the evaluated ones may be among "
        "its training images: restore them, or give images that it has not seen in a folder test next to train"
    )


def _threats(request: Request, usual: Fraction, dataset: Dataset) -> tuple[Threat, ...]:
    """Return the balls that are asked for, no two alike; those of attacks that were given as objects come last."""
    own = [threat_of(attack) for attack in request.attacks if not isinstance(attack, str)]
    asked = request.threats
    if not asked and len(own) < len(request.attacks):
        asked = (parse_threat(f"linf:{usual}"),)
    if request.unseen:
        asked = (*asked, *unseen_threats(dataset.name, dataset.input_shape, usual))
    different = {(threat.norm, threat.epsilon): threat for threat in asked}
    for threat in own:
        different.setdefault((threat.norm, threat.epsilon), threat)
    return tuple(different.values())


def _split_seed(request: Request, dataset: Dataset, training: TrainingData | None) -> int:
    own = training.split_seed if training else 0
    if request.split_seed is None or request.split_seed == own:
        return own
    if training is not None and not dataset.num_test_images:
        raise InputError(
            f"split_seed {request.split_seed}: the run divided {dataset.name} by seed {own}, and by another some of "
            "the images would be ones that it was trained on; leave split_seed out"
        )
    return request.split_seed


def most_images(dataset: Dataset, sizes: SplitSizes) -> int:
    """Return how many images can be evaluated: all published test images, or else the test split."""
    return dataset.num_test_images or sizes.test


def _divided(dataset: Dataset, sizes: SplitSizes, images: int | None, split_seed: int) -> dict[str, Split]:
    """Return the splits of the data; the test split takes as many published test images as the request needs."""
    most = most_images(dataset, sizes)
    if images is not None and images > most:
        raise InputError(f"images {images}: {dataset.name} has {most} to evaluate on; give at most as many")
    if images is not None and images > sizes.test:
        sizes = sizes.model_copy(update={"test": images})
    return divide(dataset, sizes, split_seed)


def _test_split(splits: dict[str, Split], images: int | None, device: str) -> Split:
    split = splits["test"]
    chosen = split if images is None else split.first(images)
    return chosen.to(device)


def images_hash(split: Split) -> str:
    """Return the first 16 hexadecimal digits of the sha256 of images, labels and ids, whatever their order."""
    order = split.ids.argsort()
    digest = hashlib.sha256(f"{split.white}".encode())
    for tensor in (split.pixels, split.labels, split.ids):
        digest.update(tensor[order].cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def loaded(
    network: EvaluatedNetwork, weights: Path, description: Mapping[str, Any] | None, dataset: Dataset
) -> tuple[nn.Module, tuple[str, ...]]:
    """Return the network for the data's images and classes with the weights, and what the file does not say of them.

    Args:
        network: the network.
        weights: the file of its weights.
        description: what rnas wrote into the file about them, or None.
        dataset: the data.

    Raises:
        InputError: the weights are of another network, or for other images or classes.
    """
    there = (network.input_shape, network.num_classes)
    here = (dataset.input_shape, dataset.num_classes)
    described = description or {}
    says = described.keys() >= {"input_shape", "num_classes"}
    if says:
        there = (tuple(described["input_shape"]), described["num_classes"])
    if (network.checkpoint is not None or says) and there != here:
        name = weights if network.checkpoint is None else network.name
        raise InputError(
            f"{name} was made for {_images(*there)}, {dataset.name} has {_images(*here)}: "
            "give the data that it was made for"
        )
    with _built_for(dataset, InputError), torch.random.fork_rng(devices=[]):
        module = arch.build(network.architecture, dataset.num_classes, dataset.input_shape)
    # A file that cannot be read does not depend on the data.
    with _built_for(dataset, MisfitError):
        notes = load_weights(module, weights, network.weight_names, network.name, network.architecture)
    return module.eval(), notes


@contextmanager
def _built_for(dataset: Dataset, fault: type[InputError]) -> Iterator[None]:
    """Add to an error that the data, which decide the images and the classes, may be the wrong ones."""
    try:
        yield
    except fault as error:
        cut = re.sub(r", so give num_classes=\d+$", "", str(error))
        raise InputError(
            f"{cut}; the network was built for {dataset.name}, {_images(dataset.input_shape, dataset.num_classes)}: "
            "give the data that the weights were made for, or the network that they are of"
        ) from None


def _images(shape: Sequence[int], classes: int) -> str:
    return f"{'x'.join(map(str, shape))} images of {classes} classes"
