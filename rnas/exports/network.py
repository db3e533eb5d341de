"""Collect what is exported: a built network with its weights, and the known facts about both."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.evaluation.training_data import UNTRAINED
from rnas.experiments._references import AnyNetwork, Reference, image_format, resolve_reference
from rnas.experiments.training.checkpoint import Checkpoint, description_of
from rnas.exports._search_result import search_result
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.weights import describe_weights, load_weights
from rnas.networks.zoo import find
from rnas.utils._json_files import read_json
from rnas.utils._text import shown
from rnas.utils.files import file_hash
from rnas.utils.provenance import versions

SCHEMA_VERSION = 1
GIVEN = "from a file"
_PROBE_SEED = 0
_PROBE_IMAGES = 3

_SEEDS = 2**63
"""Number of seeds that torch takes."""


@dataclass(frozen=True)
class Network:
    """A network to export.

    Attributes:
        name: requested name, without folders.
        architecture: description of the network.
        input_shape: (C, H, W) shape of an image.
        num_classes: number of logits.
        module: the built network with its weights, in eval mode on the CPU; it includes the normalisation of images.
        images: (3, C, H, W) random images in [0, 1], on which every export is compared.
        logits: (3, num_classes) logits of the network on these images.
        provenance: sources of architecture and weights, as JSON values.
        evaluation: evaluation of these weights, or None.
        space: search space of the network, if it is a member of a run with the run's image shape and classes, else
            None.
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
        """Return whether the weights are drawn from a seed."""
        return bool(self.provenance["weights"]["status"] == UNTRAINED)

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the names of the classes in the order of the logits; empty if they are not known."""
        return tuple(self.provenance["classes"])

    @property
    def search_result(self) -> Mapping[str, Any] | None:
        """Return what the search measured of these weights; see :mod:`rnas.exports._search_result`."""
        found: Mapping[str, Any] | None = self.provenance["weights"].get("search")
        return found

    @property
    def key(self) -> str:
        """Return the architecture's key."""
        return arch.key(self.architecture)

    @cached_property
    def program(self) -> torch.export.ExportedProgram:
        """Trace the network's graph for any batch size from 1; all formats share it.

        Raises:
            InputError: torch cannot trace the network.
        """
        with warnings.catch_warnings(), torch.no_grad():
            # torch warns of deprecated functions of its own.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            batch = torch.export.Dim("batch", min=1)
            try:
                return torch.export.export(self.module, (self.images,), dynamic_shapes=({0: batch},))
            except Exception as error:  # Tracing runs the module's own code, which may raise anything.
                reason = str(error).strip().splitlines()[0]
                raise InputError(f"{self.name}: torch.export cannot trace this network ({reason})") from None


def find_network(
    words: AnyNetwork,
    weights: Path | str | None = None,
    num_classes: int | None = None,
    input_shape: Shape | None = None,
    seed: int = 0,
    evaluation: Path | str | None = None,
) -> Network:
    """Build a network and load its weights from a file or its own run, or draw new ones from a seed.

    Args:
        words: an architecture, one of ``rnas.zoo()``, or a reference that :func:`rnas.experiments.resolve` accepts.
        weights: a file that :func:`rnas.networks.read_weights` reads; None takes the run's own if they fit.
        num_classes: number of classes; None takes the number that it was published or searched for.
        input_shape: (C, H, W); None takes the shape that it was published or searched for.
        seed: seed of new weights.
        evaluation: a result of ``rnas evaluate`` for these weights.

    Raises:
        InputError: the network does not exist or cannot run at this shape, its logits are not finite, or files do not
            belong together.
    """
    if not 0 <= seed < _SEEDS:
        raise InputError(f"seed={shown(seed)}: give a whole number from 0 to 2^63 - 1")
    reference = resolve_reference(words)
    if isinstance(words, Architecture):
        reference = replace(reference, name=f"{words.kind}-{reference.name}")
    classes, shape = image_format(reference, weights, num_classes, input_shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = arch.build(reference.architecture, classes, shape).eval()
    own = (classes, shape) == (reference.num_classes, reference.input_shape)
    file = Path(weights) if weights is not None else reference.checkpoint if own else None
    notes: tuple[str, ...] = ()
    if file is not None:
        label = f"{reference.name} with {classes} classes"
        notes = load_weights(module, file, reference.weight_names, label, reference.architecture)
    images = torch.rand(_PROBE_IMAGES, *shape, generator=torch.Generator().manual_seed(_PROBE_SEED))
    with torch.no_grad():
        logits = module(images)
    if not logits.isfinite().all():
        raise InputError(f"{reference.name}: its logits are not finite, so that no export can be compared with it")
    provenance = _provenance(reference, classes, shape, file, seed, notes)
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


def _provenance(
    reference: Reference, classes: int, shape: Shape, file: Path | None, seed: int, notes: tuple[str, ...]
) -> dict[str, Any]:
    cost = reference.architecture.cost(shape, classes)
    described = None if file is None else describe_weights(file)
    return {
        "schema_version": SCHEMA_VERSION,
        "name": _name(reference),
        "architecture": arch.to_dict(reference.architecture),
        "key": arch.key(reference.architecture),
        "input_shape": list(shape),
        "num_classes": classes,
        "classes": [] if described is None else described.get("classes", []),
        "params": cost.params,
        "flops": cost.flops,
        "source": _source(reference),
        "weights": _weights(reference, file, seed, described, notes),
        "versions": {library: versions()[library] for library in ("python", "rnas", "torch") if library in versions()},
    }


def _name(reference: Reference) -> str:
    """Return a short name without folders; a network from an export has the same name again."""
    if reference.exported is not None:
        return str(reference.exported["name"])
    words = Path(reference.name)
    if words == reference.checkpoint and description_of(words).is_file():
        # The files of every training are called best and last.
        return f"{words.absolute().parent.name}-{words.stem}"
    return words.stem if words.suffix in (".json", ".safetensors") else words.name.replace(":", "-")


def _source(reference: Reference) -> str | None:
    """Return the paper of a published network."""
    try:
        found = find(reference.name)
    except InputError:
        return None
    return found.source if found.network == reference.architecture else None


def _weights(
    reference: Reference, file: Path | None, seed: int, described: Mapping[str, Any] | None, notes: tuple[str, ...]
) -> dict[str, Any]:
    """Return the facts about the weights; those that their file has are kept."""
    if file is None:
        return {"status": UNTRAINED, "seed": seed}
    own: Mapping[str, Any] = {} if described is None else described.get("weights", {})
    if own.get("status") == UNTRAINED:
        return dict(own)
    content: dict[str, Any] = {
        "file": file.name,
        "sha256": file_hash(file),
        "training": None,
        "search": None,
        "data": None,
        **own,
        "status": GIVEN,
        "notes": [*own.get("notes", ()), *notes],
    }
    if file == reference.checkpoint and reference.training is not None:
        content["training"] = {"settings": reference.training.portable}
        if description_of(file).is_file():
            checkpoint = Checkpoint.read(file)
            content["training"] |= {"epoch": checkpoint.epoch, "val": dict(checkpoint.val)}
        elif reference.record is not None:
            content["search"] = search_result(reference.record, file)
    return content


def _evaluation(path: Path, architecture: Architecture, file: Path | None) -> EvaluationResult:
    """Read a result of ``rnas evaluate``; raise InputError unless it is for this network and these weights."""
    try:
        result = EvaluationResult.model_validate(read_json(path))
    except ValidationError as error:
        raise InputError(f"{path}: not a result of rnas evaluate ({str(error).splitlines()[0]})") from None
    if result.architecture_key != arch.key(architecture) or file is None or result.weights.sha256 != file_hash(file):
        raise InputError(
            f"{path}: this result is for another network or other weights than the exported ones; leave it out"
        )
    return result
