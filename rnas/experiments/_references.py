"""Find architectures as a user names them: a published network, a JSON file, a member of a run, a checkpoint."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

from rnas import registry
from rnas.errors import InputError
from rnas.evaluation.subject import EvaluatedNetwork
from rnas.evaluation.training_data import is_checkpoint
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.experiment import kind_at, open_experiment
from rnas.experiments.cell_search.found import FindsNetwork
from rnas.experiments.training.checkpoint import Checkpoint, description_of
from rnas.experiments.training.settings import KIND as TRAINING
from rnas.nas._members import FORMS, member, run_and_member
from rnas.nas.evaluators.adversarial_training import AdversarialTrainingSettings
from rnas.nas.ledger import Record
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.nas.space import SearchSpace
from rnas.networks import architecture as arch
from rnas.networks._exported import Export, read_export, read_otherwise
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.weight_names import WeightNames
from rnas.networks.weights import describe_weights
from rnas.networks.zoo import Baseline, baselines, find
from rnas.networks.zoo_listing import ZooNetwork
from rnas.training.search_cost import SearchCost
from rnas.utils._json_files import parse_json
from rnas.utils._regular_files import read_bytes
from rnas.utils._text import shown
from rnas.utils.files import file_hash

_SHA256 = re.compile("[0-9a-f]{16}")
"""First digits of the sha256 of weights, as a search records them."""

AnyNetwork = Architecture | ZooNetwork | str | Path
"""A network as it is given from Python: an architecture, one of the zoo, or what :func:`resolve` understands."""

_LARGEST_ARCHITECTURE = 64 * 1024**2
"""A result of an evaluation contains its architecture, and is larger than an architecture alone."""


@dataclass(frozen=True)
class Reference(EvaluatedNetwork):
    """Describe the network that a user's text names; this text is its ``name``.

    Attributes:
        space: the space that it was searched in, of a member of a run.
        record: what that run's ledger says of it.
        exported: what an export of rnas records of the network and its weights; None if it is no export.
        search_cost: what the search that found it has cost; None if that is not known.
    """

    space: SearchSpace | None = None
    record: Record | None = None
    exported: Mapping[str, Any] | None = None
    search_cost: SearchCost | None = None


def resolve(text: str | Path, search_cost: float | None = None) -> Reference:
    """Return the network that a text names.

    Args:
        text: a name of the zoo; the path of a JSON file with an architecture, or with one under ``architecture``, as
            ``rnas scale --json`` prints it; ``RUN:KEY``, ``RUN:knee``, ``RUN:at:200M`` or ``RUN:max:METRIC`` with a
            run's directory; or the path of a checkpoint: of a search, ``DIR/checkpoints/KEY.safetensors``, or of a
            training, ``DIR/best.safetensors`` with ``best.json`` in the same folder; or the directory of a search for
            cells, for the network that it found; or an export: a safetensors file of ours, a standalone ``.py`` file,
            which is not executed, or a folder for Hugging Face.
        search_cost: images passed forward and backward after which a search is taken as ended; None is its end.

    Raises:
        InputError: they name none, or an export that is loaded elsewhere; a training's checkpoint is not the one that
            the JSON file of the same name describes; or an export is damaged.
    """
    text = str(text)
    path = Path(text)
    export = None if _is_published(text) else read_export(path)
    if export is not None and not (is_checkpoint(export.provenance) and _is_at_home(path)):
        return _of_export(text, export)
    if path.suffix == ".safetensors":
        return _of_checkpoint(path)
    if path.suffix == ".json":
        return _of_file(path)
    # A folder of results is often called like its network, which is meant then.
    if path.exists() and not _is_published(text):
        kind = kind_at(path)
        if kind is not None and _finds_network(kind):
            return _of_cell_search(path, text, search_cost)
        if kind == TRAINING:
            raise InputError(f"{text} is a training; for its network write {path / 'best.safetensors'}")
        otherwise = read_otherwise(path)
        if otherwise is not None:
            raise InputError(f"{text} is {otherwise}")
        if path.is_dir():
            raise InputError(f"{text} is a directory; for a member of a run write {text}: and {FORMS}")
        return _of_file(path)
    folder, colon, word = run_and_member(text)
    if colon:
        return _of_run(_at_cost(Search.open(folder).result(), search_cost), word, text)
    return _of_zoo(text, find(text))


def resolve_reference(network: AnyNetwork, search_cost: float | None = None) -> Reference:
    """Return the network that words name, or the one that is given.

    Args:
        network: the words, or the network.
        search_cost: see :func:`resolve`.

    Raises:
        InputError: the words name none, or what is given is no network.
    """
    if isinstance(network, str | Path):
        return resolve(network, search_cost)
    if isinstance(network, ZooNetwork):
        return _of_zoo(network.baseline.name, network.baseline)
    # A protocol's instance is one by its methods; the key needs a dataclass.
    if isinstance(network, type) or not (is_dataclass(network) and isinstance(network, Architecture)):
        raise InputError(
            f"{shown(network)} is a {type(network).__name__}: give a name of rnas zoo, a reference such as RUN:KEY, a "
            "network of rnas.zoo(), or an architecture such as rnas.networks.ResidualNetwork(...)"
        )
    return Reference(arch.key(network), network)


def _of_zoo(text: str, baseline: Baseline) -> Reference:
    return Reference(text, baseline.network, baseline.input_shape, baseline.num_classes, baseline.weight_names)


def image_format(
    reference: Reference, weights: Path | str | None, num_classes: int | None, input_shape: Shape | None
) -> tuple[int, Shape]:
    """Return the number of classes and the shape of an image that a network is built for.

    Args:
        reference: the network.
        weights: a file of weights that is given with it; what it says goes before what is known of the network.
        num_classes: what the user asks for, which goes before both, or None.
        input_shape: likewise, (C, H, W).

    Raises:
        InputError: the file cannot be read, or it says that it is of images of another shape than the user asks for.
    """
    described = {} if weights is None else describe_weights(weights) or {}
    classes, shape = described.get("num_classes", reference.num_classes), reference.input_shape
    if "input_shape" in described:
        shape = tuple(described["input_shape"])
        if input_shape is not None and tuple(input_shape) != shape:
            asked, there = ("x".join(map(str, numbers)) for numbers in (input_shape, shape))
            raise InputError(f"input_shape {asked}: {weights} is of a network for {there} images; leave it out")
    return (classes if num_classes is None else num_classes), (shape if input_shape is None else input_shape)


def _is_published(text: str) -> bool:
    try:
        find(text)
    except InputError:
        return False
    return True


def _of_run(run: SearchResult, word: str, text: str) -> Reference:
    record = member(run, word)
    space = run.setup.space
    checkpoint = run.checkpoint(record.key)
    recorded = None if record.evaluation is None else record.evaluation.provenance.get("weights")
    # Evaluators of others may mean something else by this name.
    is_hash = isinstance(recorded, str) and _SHA256.fullmatch(recorded) is not None
    if checkpoint is not None and is_hash and not file_hash(checkpoint).startswith(str(recorded)):
        raise InputError(
            f"{checkpoint}: its sha256 is not the one that the run recorded of member {record.key}: restore it from a "
            "copy"
        )
    return Reference(
        text,
        record.architecture,
        space.input_shape,
        space.num_classes,
        _namings(record.architecture),
        checkpoint,
        _training(run),
        space,
        record,
        search_cost=run.cost,
    )


def _finds_network(kind: str) -> bool:
    found = registry.load(registry.EXPERIMENTS, kind) if kind in registry.names(registry.EXPERIMENTS) else None
    return isinstance(found, type) and issubclass(found, FindsNetwork)


def _of_cell_search(path: Path, text: str, search_cost: float | None) -> Reference:
    search = open_experiment(path)
    assert isinstance(search, FindsNetwork)
    found = search.found(search_cost)
    return Reference(
        text,
        found.architecture,
        found.dataset.input_shape,
        found.dataset.num_classes,
        _namings(found.architecture),
        training=found.training,
        search_cost=found.cost,
    )


def _at_cost(run: SearchResult, images: float | None) -> SearchResult:
    """Return a search as it was when it had passed this number of images; None is its end."""
    if images is None:
        return run
    found = run.at_cost(images)
    if found is None or not found.complete:
        counted = "it does not count them" if found is None else "it had no network then"
        raise InputError(f"search_cost: {run.path} at {images:,.0f} images: {counted}; leave search_cost out")
    return found


def _training(run: SearchResult) -> ResolvedTraining | None:
    settings = run.setup.evaluator.settings
    return settings.train.resolved() if isinstance(settings, AdversarialTrainingSettings) else None


def _is_at_home(path: Path) -> bool:
    """Return whether a checkpoint is in the folder of its training or search."""
    return description_of(path).is_file() or _is_of_search(path)


def _is_of_search(path: Path) -> bool:
    return path.parent.name == "checkpoints" and (path.parent.parent / "config.yaml").is_file()


def _of_checkpoint(path: Path) -> Reference:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    folder = path.parent.parent
    if description_of(path).is_file():
        return _of_training(Checkpoint.read(path))
    if not _is_of_search(path):
        raise InputError(f"{path}: weights of no run; name the architecture, and these as its weights")
    return _of_run(Search.open(folder).result(), path.stem, str(path))


def _of_training(checkpoint: Checkpoint) -> Reference:
    return Reference(
        str(checkpoint.path),
        checkpoint.architecture,
        checkpoint.input_shape,
        checkpoint.num_classes,
        checkpoint=checkpoint.path,
        training=checkpoint.settings,
    )


def _of_export(text: str, export: Export) -> Reference:
    return Reference(
        text,
        export.architecture,
        export.input_shape,
        export.num_classes,
        _namings(export.architecture),
        export.weights,
        exported=export.provenance,
    )


def _of_file(path: Path) -> Reference:
    try:
        text = read_bytes(path, _LARGEST_ARCHITECTURE).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(
            f"{path} is no architecture: binary; name a published network, an architecture's JSON or a run's member, "
            "and a file of weights next to it"
        ) from None
    content = parse_json(text, f"{path}: not an architecture's JSON")
    if isinstance(content, dict) and "kind" not in content:
        content = content.get("architecture")
    try:
        architecture = arch.from_dict(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return Reference(str(path), architecture, weight_names=_namings(architecture))


def _namings(architecture: Architecture) -> tuple[WeightNames, ...]:
    """Return the weight names of all published networks of an architecture's kind."""
    alike = [baseline for baseline in baselines().values() if baseline.network.kind == architecture.kind]
    return tuple(dict.fromkeys(names for baseline in alike for names in baseline.weight_names))
