"""What is evaluated: a network with its weights, and images that it was not trained on."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from rnas.data.dataset import Dataset, Split, SplitSizes, content_hash, divide
from rnas.errors import InputError, MisfitError
from rnas.evaluation.request import Request
from rnas.evaluation.threats import Threat, parse_threat, unseen_threats
from rnas.evaluation.training_settings import ResolvedTraining, load_dataset
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.weight_names import WeightNames
from rnas.networks.weights import load_weights
from rnas.networks.zoo import CIFAR

_DATA = "cifar10"


@dataclass(frozen=True)
class EvaluatedNetwork:
    """A network to evaluate, with what is known of its weights and its training.

    Attributes:
        name: what its user calls it.
        architecture: the network.
        input_shape: shape of the images that it was published or searched for.
        num_classes: number of classes that it was published or searched for.
        weight_names: namings that files of its weights may follow.
        checkpoint: the weights that its search or training wrote, or None.
        training: how it was trained: on which data, divided how. None where that is not known.
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
    """Everything that a request names, found and loaded.

    Attributes:
        network: the network's architecture.
        dataset: the data.
        weights: the file of weights.
        sha256: of the file.
        threats: at least one, no two of the same ball.
        split_seed: by which the data were divided.
        data_hash: of all splits of the data.
        images_hash: of the images and labels alone, however the rest of the data is divided.
        split: the images, on the device.
        model: the network with its weights, on the device and in eval mode.
    """

    network: EvaluatedNetwork
    dataset: Dataset
    weights: Path
    sha256: str
    threats: tuple[Threat, ...]
    split_seed: int
    data_hash: str
    images_hash: str
    split: Split
    model: nn.Module


def subject_of(network: EvaluatedNetwork, request: Request) -> Subject:
    """Load the network's weights and the images that a request asks for.

    Raises:
        InputError: there are no weights; or they, the network and the data do not fit each other.
    """
    weights = request.weights if request.weights is not None else network.checkpoint
    if weights is None:
        raise InputError(f"{request.network} has no weights here, and random ones mean nothing: give --weights FILE")
    # The images that a run's training never saw are known from its own division of the data alone.
    training = network.training
    name = request.data or (training.data if training else _DATA)
    if training is not None and training.data != name:
        training = None
    dataset = load_dataset(name, request.data_dir or (training.data_dir if training else None))
    usual = training.eps if training else dataset.epsilon
    threats = request.threats or (parse_threat(f"linf:{usual}"),)
    if request.unseen:
        threats = (*threats, *unseen_threats(dataset.name, dataset.input_shape, usual))
    split_seed = _split_seed(request, dataset, training)
    splits = _divided(dataset, training.images if training else dataset.splits, request.images, split_seed)
    split = _test_split(splits, request.images, request.device)
    model = loaded(network, weights, dataset).to(request.device)
    return Subject(
        network,
        dataset,
        weights,
        hashlib.sha256(weights.read_bytes()).hexdigest(),
        tuple({(threat.norm, threat.epsilon): threat for threat in threats}.values()),
        split_seed,
        content_hash(splits),
        images_hash(split),
        split,
        model,
    )


def _split_seed(request: Request, dataset: Dataset, training: ResolvedTraining | None) -> int:
    own = training.split_seed if training else 0
    if request.split_seed is None or request.split_seed == own:
        return own
    if training is not None and not dataset.num_test_images:
        raise InputError(
            f"--split-seed {request.split_seed}: the run divided {dataset.name} by seed {own}, and by another some of "
            "the images would be ones that it was trained on; leave --split-seed out"
        )
    return request.split_seed


def most_images(dataset: Dataset, sizes: SplitSizes) -> int:
    """How many images can be evaluated on: all published test images, or else the test split."""
    return dataset.num_test_images or sizes.test


def _divided(dataset: Dataset, sizes: SplitSizes, images: int | None, split_seed: int) -> dict[str, Split]:
    """The splits of the data; the test split reaches as far into published test images as is asked for."""
    most = most_images(dataset, sizes)
    if images is not None and images > most:
        raise InputError(f"--images {images}: {dataset.name} has {most} to evaluate on; give at most as many")
    if images is not None and images > sizes.test:
        sizes = sizes.model_copy(update={"test": images})
    return divide(dataset, sizes, split_seed)


def _test_split(splits: dict[str, Split], images: int | None, device: str) -> Split:
    split = splits["test"]
    chosen = split if images is None else split.first(images)
    return chosen.to(device)


def images_hash(split: Split) -> str:
    """First 16 hexadecimal digits of the sha256 of images, labels and ids, whatever their order."""
    order = split.ids.argsort()
    digest = hashlib.sha256(f"{split.white}".encode())
    for tensor in (split.pixels, split.labels, split.ids):
        digest.update(tensor[order].cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def loaded(network: EvaluatedNetwork, weights: Path, dataset: Dataset) -> nn.Module:
    """The network for the data's images and classes, with the weights."""
    there = (network.input_shape, network.num_classes)
    here = (dataset.input_shape, dataset.num_classes)
    if network.checkpoint is not None and there != here:
        raise InputError(
            f"{network.name} was made for {_images(*there)}, {dataset.name} has {_images(*here)}: "
            "give --data that it was made for"
        )
    with _built_for(dataset, InputError), torch.random.fork_rng(devices=[]):
        module = network.architecture.build(dataset.num_classes, dataset.input_shape)
    # A file that cannot be read is no matter of the data.
    with _built_for(dataset, MisfitError):
        load_weights(module, weights, network.weight_names, network.name)
    return module.eval()


@contextmanager
def _built_for(dataset: Dataset, fault: type[InputError]) -> Iterator[None]:
    """Say of a fault that the data, which decide the images and the classes, may be the wrong ones."""
    try:
        yield
    except fault as error:
        told = re.sub(r", so give num_classes=\d+$", "", str(error))
        raise InputError(
            f"{told}; the network was built for {dataset.name}, {_images(dataset.input_shape, dataset.num_classes)}: "
            "give --data that the weights were made for, or the network that they are of"
        ) from None


def _images(shape: Sequence[int], classes: int) -> str:
    return f"{'x'.join(map(str, shape))} images of {classes} classes"
