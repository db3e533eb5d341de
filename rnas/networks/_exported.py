"""Read exports: weights with their architecture, checked by checksums. No code in a file is executed."""

import ast
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.utils._json_files import parse_json, read_json
from rnas.utils._regular_files import read_bytes
from rnas.utils.files import file_hash, plain, tensors_hash, write_tensors

PROVENANCE = "rnas"
CHECKSUM = "sha256"
FOLDER_WEIGHTS = "model.safetensors"
FOLDER_CONFIG = "config.json"
NNI_SAMPLE = "sample.json"
ROBUSTBENCH_CODE = "model.py"
ROBUSTBENCH_INFO = "model_info.json"
_LARGEST_CODE = 4 * 1024**2
_REMEDY = "restore it from a copy, or export again"


@dataclass(frozen=True)
class Export:
    """Hold an export that was read.

    Attributes:
        weights: the file of its weights.
        architecture: architecture of the network.
        input_shape: (C, H, W) of an image.
        num_classes: number of logits.
        provenance: the export's own record of its origin.
    """

    weights: Path
    architecture: Architecture
    input_shape: Shape
    num_classes: int
    provenance: Mapping[str, Any]


def read_export(path: Path) -> Export | None:
    """Return the export at a path; None if something else is there.

    Args:
        path: a safetensors file of rnas, a standalone ``.py`` file, or a folder for Hugging Face.

    Raises:
        InputError: it is an export, but it is damaged, changed or incomplete.
    """
    if path.suffix == ".safetensors" and path.is_file():
        return _of_safetensors(path)
    if path.suffix == ".py" and path.is_file():
        return _of_standalone(path)
    if path.is_dir() and (path / FOLDER_CONFIG).is_file():
        return _of_folder(path)
    return None


def read_otherwise(path: Path) -> str | None:
    """Return how to load an export that :func:`read_export` does not read; None if it is not such an export."""
    if path.is_file():
        return {
            ".onnx": f"an ONNX export: load it with onnxruntime.InferenceSession({str(path)!r})",
            ".pt2": f"an export of torch.export: load it with torch.export.load({str(path)!r}).module()",
        }.get(path.suffix)
    if (path / ROBUSTBENCH_INFO).is_file():
        return f"an entry of RobustBench: its network is {path / ROBUSTBENCH_CODE}"
    if (path / NNI_SAMPLE).is_file():
        return f"a sample of an NNI model space: its network is {path / FOLDER_WEIGHTS}"
    return None


def signature(provenance: str, tensors: Mapping[str, Tensor]) -> str:
    """Return the sha256 of an export's provenance and of its tensors, in hexadecimal."""
    return hashlib.sha256(f"{provenance}\n{tensors_hash(tensors)}".encode()).hexdigest()


def write_described(path: Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write weights as safetensors, with a description and the checksum of both as metadata.

    Raises:
        OSError: the file cannot be written.
    """
    tensors = plain(tensors)
    # One entry, because several would be written in an order that changes from process to process.
    content = {**description, CHECKSUM: signature(_text(description), tensors)}
    write_tensors(path, tensors, {PROVENANCE: _text(content)})


def description_in(path: Path, text: str | None = None) -> Mapping[str, Any] | None:
    """Return what rnas wrote into a file of weights about them, as JSON values; None for a file of others.

    Args:
        path: the file, safetensors or, with a text, any.
        text: the description, where it was read from the file already.

    Raises:
        InputError: the file is damaged, or was changed after it was written.
    """
    if text is None:
        return _signed(path)
    try:
        content = parse_json(text, path)
    except InputError:
        return None
    return content if _is_description(content) else None


def _is_description(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and isinstance(content.get("architecture"), dict)
        and isinstance(content.get("key"), str)
        and isinstance(content.get("weights", {}), dict)
        and type(content.get("num_classes", 0)) is int
        and isinstance(content.get("input_shape", []), list)
        and [type(size) for size in content.get("input_shape", (0, 0, 0))] == [int] * 3
    )


def _text(description: Mapping[str, Any]) -> str:
    return json.dumps(description, sort_keys=True, allow_nan=False)


def _signed(path: Path) -> Mapping[str, Any] | None:
    """Return the description in a safetensors file, checked by its checksum; None if it has none."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        if PROVENANCE not in metadata:
            return None
        tensors = load_file(path)
    except SafetensorError as error:
        if not _looks_ours(path):
            return None
        raise InputError(f"{path}: damaged or truncated ({error}); {_REMEDY}") from None
    try:
        content = parse_json(metadata[PROVENANCE], path)
    except InputError:
        content = None
    if not _is_description(content):
        raise InputError(f"{path}: its description cannot be read; {_REMEDY}")
    checksum = content.pop(CHECKSUM, None)
    if signature(_text(content), tensors) != checksum:
        raise InputError(f"{path}: was changed after it was written, its sha256 is another; {_REMEDY}")
    return dict(content)


def _of_safetensors(path: Path) -> Export | None:
    description = _signed(path)
    return None if description is None else _described(path, path, description)


def _looks_ours(path: Path) -> bool:
    """Return whether a damaged safetensors file begins like an export of rnas."""
    with path.open("rb") as file:
        return f'"{PROVENANCE}":'.encode() in file.read(4096)


def _of_standalone(path: Path) -> Export:
    constants = _texts(path)
    if "WEIGHTS" not in constants or "SHA256" not in constants:
        raise InputError(f"{path}: no standalone export: it names no WEIGHTS and no SHA256")
    weights = path.with_name(Path(constants["WEIGHTS"]).name)
    _require_hash(weights, constants["SHA256"], path)
    try:
        content = torch.load(weights, map_location="cpu", weights_only=True)
        provenance = parse_json(str(content["provenance"]), weights)
    except Exception as error:  # A damaged pickle raises almost anything.
        raise InputError(f"{weights}: not readable as weights ({type(error).__name__}); {_REMEDY}") from None
    return _described(path, weights, provenance)


def _texts(path: Path) -> dict[str, str]:
    """Return the top-level names of a Python file whose value is a text."""
    try:
        tree = ast.parse(read_bytes(path, _LARGEST_CODE))
    # Python's parser raises the last two for code that is nested too deeply.
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"{path}: no standalone export: it cannot be read as Python; {_REMEDY}") from None
    return {
        statement.targets[0].id: statement.value.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    }


def _of_folder(path: Path) -> Export | None:
    config = path / FOLDER_CONFIG
    try:
        content = read_json(config)
    except InputError as error:
        raise InputError(f"{error}; {_REMEDY}") from None
    if not isinstance(content, dict) or PROVENANCE not in content:
        return None
    weights = path / FOLDER_WEIGHTS
    _require_hash(weights, str(content.get(CHECKSUM)), config)
    found = _of_safetensors(weights)
    if found is None or found.provenance != content[PROVENANCE]:
        raise InputError(f"{config}: describes another network than {weights.name} holds; {_REMEDY}")
    return found


def _require_hash(weights: Path, expected: str, described: Path) -> None:
    if not weights.is_file():
        raise InputError(f"{weights}: no such file; it belongs to {described.name}")
    if file_hash(weights) != expected:
        raise InputError(f"{weights}: its sha256 is not the one in {described.name}: changed or truncated; {_REMEDY}")


def _described(path: Path, weights: Path, content: Mapping[str, Any]) -> Export:
    try:
        channels, height, width = map(int, content["input_shape"])
        architecture = arch.from_dict(content["architecture"])
        return Export(weights, architecture, (channels, height, width), int(content["num_classes"]), content)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its description cannot be read ({error}); {_REMEDY}") from None
