"""Load what is evaluated: a network with its weights, and images that it was not trained on."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor, nn

from rnas.attacks.state import attacking
from rnas.data.dataset import Dataset, Split, content_hash, divide
from rnas.data.splits import SplitSizes
from rnas.errors import InputError, MisfitError
from rnas.evaluation._request import Request
from rnas.evaluation.threats import Threat, parse_threat, threat_of, unseen_threats
from rnas.evaluation.training_settings import ResolvedTraining, load_dataset
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.weight_names import WeightNames
from rnas.networks.weights import load_weights
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


def subject_of(network: EvaluatedNetwork, request: Request) -> Subject:
    """Load the network's weights and the images that a request asks for.

    Raises:
        InputError: there are no weights, or the weights, the network and the data do not fit each other.
    """
    weights = request.weights if request.weights is not None else network.checkpoint
    if weights is None:
        raise InputError(f"{request.network} has no weights here, and random ones mean nothing: give a file of weights")
    images = _images_of(request, network.training)
    model = loaded(network, weights, images.dataset).to(request.device)
    sha256 = file_hash(weights)
    return Subject(network=network, weights=weights, sha256=sha256, model=model, **vars(images))


def module_subject(module: nn.Module, request: Request) -> Subject:
    """Return a module and the images that a request asks for.

    Args:
        module: from images (n, C, H, W) in [0, 1] to logits (n, K), on the request's device.
        request: what to evaluate it on.

    Raises:
        InputError: the module does not take the images, or gives no logit for each class.
    """
    images = _images_of(request, None)
    _require_logits(module, images.split, images.dataset)
    sha256 = tensors_hash({name: tensor.detach().cpu() for name, tensor in module.state_dict().items()})
    return Subject(network=None, weights=None, sha256=sha256, model=module, **vars(images))


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


def _images_of(request: Request, training: ResolvedTraining | None) -> _EvaluatedImages:
    # The images that a run's training never saw are known from its own division of the data alone.
    if isinstance(request.data, Dataset):
        dataset = request.data
        name = dataset.name
    else:
        name = request.data or (training.data if training else _DATA)
    if training is not None and training.data != name:
        training = None
    if not isinstance(request.data, Dataset):
        dataset = load_dataset(name, request.data_dir or (training.data_dir if training else None))
    threats = _threats(request, training.eps if training else dataset.epsilon, dataset)
    split_seed = _split_seed(request, dataset, training)
    splits = _divided(dataset, training.images if training else dataset.splits, request.images, split_seed)
    split = _test_split(splits, request.images, request.device)
    return _EvaluatedImages(dataset, threats, split_seed, content_hash(splits), images_hash(split), split)


def _threats(request: Request, usual: Fraction, dataset: Dataset) -> tuple[Threat, ...]:
    """The balls that are asked for, no two alike; those of attacks that were given as objects come last."""
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


def _split_seed(request: Request, dataset: Dataset, training: ResolvedTraining | None) -> int:
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


def loaded(network: EvaluatedNetwork, weights: Path, dataset: Dataset) -> nn.Module:
    """Return the network for the data's images and classes, with the weights."""
    there = (network.input_shape, network.num_classes)
    here = (dataset.input_shape, dataset.num_classes)
    if network.checkpoint is not None and there != here:
        raise InputError(
            f"{network.name} was made for {_images(*there)}, {dataset.name} has {_images(*here)}: "
            "give the data that it was made for"
        )
    with _built_for(dataset, InputError), torch.random.fork_rng(devices=[]):
        module = arch.build(network.architecture, dataset.num_classes, dataset.input_shape)
    # A file that cannot be read does not depend on the data.
    with _built_for(dataset, MisfitError):
        load_weights(module, weights, network.weight_names, network.name)
    return module.eval()


@contextmanager
def _built_for(dataset: Dataset, fault: type[InputError]) -> Iterator[None]:
    """Add to an error that the data, which decide the images and the classes, may be the wrong ones."""
    try:
        yield
    except fault as error:
        told = re.sub(r", so give num_classes=\d+$", "", str(error))
        raise InputError(
            f"{told}; the network was built for {dataset.name}, {_images(dataset.input_shape, dataset.num_classes)}: "
            "give the data that the weights were made for, or the network that they are of"
        ) from None


def _images(shape: Sequence[int], classes: int) -> str:
    return f"{'x'.join(map(str, shape))} images of {classes} classes"
