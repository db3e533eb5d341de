"""What is exported: a built network with its weights, and all that is known about both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.experiments.references import Reference, resolve
from rnas.experiments.training.checkpoint import Checkpoint, description_of
from rnas.exports.search_result import search_result
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.weights import load_weights
from rnas.networks.zoo import find
from rnas.utils.files import file_hash
from rnas.utils.provenance import versions

SCHEMA_VERSION = 1
UNTRAINED = "untrained"
GIVEN = "from a file"
_PROBE_SEED = 0
_PROBE_IMAGES = 3


@dataclass(frozen=True)
class Network:
    """A network to export.

    Attributes:
        name: as it was asked for, without folders.
        architecture: its description.
        input_shape: (C, H, W) of an image.
        num_classes: number of logits.
        module: built, with its weights, in eval mode on the CPU; normalisation of the input is inside.
        images: (3, C, H, W) in [0, 1], drawn from a seed, on which every export is compared.
        logits: (3, num_classes), what the network makes of them.
        provenance: where architecture and weights come from, as JSON values.
        evaluation: what was measured of these weights, or None.
        space: the space that it was searched in, of a member of a run at its own images and classes.
    """

    name: str
    architecture: Architecture
    input_shape: Shape
    num_classes: int
    module: nn.Module
    images: Tensor
    logits: Tensor
    provenance: Mapping[str, Any]
    evaluation: EvaluationResult | None = None
    space: SearchSpace | None = None

    @property
    def untrained(self) -> bool:
        """Whether the weights are drawn from a seed."""
        return bool(self.provenance["weights"]["status"] == UNTRAINED)

    @property
    def search_result(self) -> Mapping[str, Any] | None:
        """What the search that found it measured of these weights; see :mod:`rnas.exports.search_result`."""
        found: Mapping[str, Any] | None = self.provenance["weights"].get("search")
        return found

    @property
    def key(self) -> str:
        """The architecture's key."""
        return arch.key(self.architecture)


def find_network(
    words: Architecture | str | Path,
    weights: Path | str | None = None,
    num_classes: int | None = None,
    input_shape: Shape | None = None,
    seed: int = 0,
    evaluation: Path | str | None = None,
) -> Network:
    """Build a network and load its weights, those of a file, of its own run, or new ones from a seed.

    Args:
        words: an architecture, or what :func:`rnas.experiments.references.resolve` understands.
        weights: a file that :func:`rnas.networks.weights.read_weights` reads; None is the run's own where they fit.
        num_classes: None is as many as it was published or searched for.
        input_shape: None is that which it was published or searched for.
        seed: of weights where there are none.
        evaluation: a result of ``rnas evaluate`` of these very weights.

    Raises:
        InputError: there is no such network, it cannot run at this shape, its logits are not finite, or files do not
            fit each other.
    """
    reference = resolve(words) if isinstance(words, str | Path) else _reference_of(words)
    classes = reference.num_classes if num_classes is None else num_classes
    shape = reference.input_shape if input_shape is None else input_shape
    if classes < 1 or len(shape) != 3 or min(shape) < 1:
        raise InputError(f"{classes} classes and images of shape {shape}: give whole numbers above zero, three a shape")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = reference.architecture.build(classes, shape).eval()
    own = (classes, shape) == (reference.num_classes, reference.input_shape)
    file = Path(weights) if weights is not None else reference.checkpoint if own else None
    if file is not None:
        load_weights(module, file, reference.weight_names, f"{reference.name} with {classes} classes")
    images = torch.rand(_PROBE_IMAGES, *shape, generator=torch.Generator().manual_seed(_PROBE_SEED))
    with torch.no_grad():
        logits = module(images)
    if not logits.isfinite().all():
        raise InputError(f"{reference.name}: its logits are not finite, so that no export can be compared with it")
    provenance = _provenance(reference, module, classes, shape, file, seed)
    return Network(
        provenance["name"],
        reference.architecture,
        shape,
        classes,
        module,
        images,
        logits,
        provenance,
        None if evaluation is None else _evaluation(Path(evaluation), reference.architecture, file),
        reference.space if own else None,
    )


def _reference_of(architecture: Architecture) -> Reference:
    key = arch.key(architecture)
    return Reference(f"{architecture.kind}-{key}", architecture)


def _provenance(
    reference: Reference, module: nn.Module, classes: int, shape: Shape, file: Path | None, seed: int
) -> dict[str, Any]:
    cost = reference.architecture.cost(shape, classes)
    return {
        "schema_version": SCHEMA_VERSION,
        "name": _name(reference),
        "architecture": arch.to_dict(reference.architecture),
        "key": arch.key(reference.architecture),
        "input_shape": list(shape),
        "num_classes": classes,
        "params": cost.params,
        "flops": cost.flops,
        "source": _source(reference),
        "weights": _weights(reference, file, seed),
        "versions": {library: versions()[library] for library in ("python", "rnas", "torch") if library in versions()},
    }


def _name(reference: Reference) -> str:
    """A short name without folders; an export keeps the one that it has."""
    if reference.exported is not None:
        return str(reference.exported["name"])
    words = Path(reference.name)
    if words == reference.checkpoint and description_of(words).is_file():
        # Every training calls its weights best and last.
        return f"{words.absolute().parent.name}-{words.stem}"
    return words.stem if words.suffix in (".json", ".safetensors") else words.name.replace(":", "-")


def _source(reference: Reference) -> str | None:
    """The paper of a published network."""
    try:
        found = find(reference.name)
    except InputError:
        return None
    return found.source if found.network == reference.architecture else None


def _weights(reference: Reference, file: Path | None, seed: int) -> dict[str, Any]:
    if file is None:
        return {"status": UNTRAINED, "seed": seed}
    told: dict[str, Any] = {
        "status": GIVEN,
        "file": file.name,
        "sha256": file_hash(file),
        "training": None,
        "search": None,
    }
    if reference.exported is not None and file == reference.checkpoint:
        # What is known of the weights is what the export that they come from says.
        return {**told, **reference.exported["weights"]}
    if file == reference.checkpoint and reference.training is not None:
        told["training"] = {"settings": _settings(reference)}
        if description_of(file).is_file():
            checkpoint = Checkpoint.read(file)
            told["training"] |= {"epoch": checkpoint.epoch, "val": dict(checkpoint.val)}
        elif reference.record is not None:
            told["search"] = search_result(reference.record, file)
    return told


def _settings(reference: Reference) -> dict[str, Any]:
    """How the weights were trained, without folders of the machine."""
    assert reference.training is not None
    settings = reference.training.model_dump(mode="json")
    extra = settings.pop("extra")
    for name in ("data_dir", "network", "architecture", "device"):
        settings.pop(name, None)
    return {**settings, "extra": None if extra is None else Path(extra).name}


def _evaluation(path: Path, architecture: Architecture, file: Path | None) -> EvaluationResult:
    """A result of ``rnas evaluate``; InputError unless it is of this network and these weights."""
    try:
        result = EvaluationResult.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"{path}: no result of rnas evaluate ({str(error).splitlines()[0]})") from None
    if result.architecture_key != arch.key(architecture) or file is None or result.weights.sha256 != file_hash(file):
        raise InputError(f"{path}: is of another network or other weights than what is exported; leave it out")
    return result
