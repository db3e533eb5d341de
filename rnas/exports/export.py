"""Exporting: build, write under another name, compare in a fresh process, and only then give the files their names."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnas import registry
from rnas.errors import InputError
from rnas.exports.format import Format
from rnas.exports.network import Network, find_network
from rnas.exports.verification import BLOCKED, TOLERANCE, Agreement, Written, verify
from rnas.networks.architecture import Architecture, Shape


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        path: the file or folder.
        files: all files, by name, sorted.
        format: in which it is.
        network: what was exported.
        agreement: how the files compared with it in a fresh process.
    """

    path: Path
    files: tuple[Path, ...]
    format: Format
    network: Network
    agreement: Agreement

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "path": str(self.path),
            "files": [str(file) for file in self.files],
            "format": self.format.name,
            "needs_rnas": self.format.needs_rnas,
            "untrained": self.network.untrained,
            "verified": {
                "images": len(self.network.images),
                "max_difference": self.agreement.difference,
                "largest_logit": self.agreement.largest,
                "relative_difference": self.agreement.relative,
                "tolerance": TOLERANCE,
                "process": "fresh" if self.format.needs_rnas else f"fresh, without {', '.join(BLOCKED)}",
            },
            "provenance": dict(self.network.provenance),
        }


def export(
    architecture: Architecture | str | Path,
    *,
    format: str,  # noqa: A002 (as it is called everywhere)
    path: Path | str,
    weights: Path | str | None = None,
    num_classes: int | None = None,
    input_shape: Shape | None = None,
    seed: int = 0,
    evaluation: Path | str | None = None,
) -> Exported:
    """Write a network with its weights in a form that is used elsewhere, and compare it at once in a fresh process.

    Args:
        architecture: an architecture, or what :func:`rnas.experiments.references.resolve` understands.
        format: a registered name: ``safetensors``, ``standalone``, ``torch-export``, ``onnx``, ``nni``,
            ``hugging-face`` or ``robustbench``.
        path: the file or folder to write; nothing there may exist.
        weights: a file of weights; None is those of the architecture's own run, and where there are none, new ones
            drawn from ``seed``: the export says that it is untrained.
        num_classes: None is as many as it was published or searched for.
        input_shape: (channels, height, width); None is that which it was published or searched for.
        seed: of weights where there are none.
        evaluation: a result of ``rnas evaluate`` of these weights, for the formats that tell of accuracies.

    Raises:
        InputError: a setting is wrong, a library is missing, or the network cannot be written in this format.
        ExportError: what was written computes something else; nothing of it is left.
    """
    chosen: Format = registry.load(registry.EXPORTS, format)
    target = Path(path)
    require_free(chosen, target)
    network = find_network(architecture, weights, num_classes, input_shape, seed, evaluation)
    with _workplace(target) as folder:
        place = folder / target.name
        if not chosen.suffix:
            place.mkdir()
        chosen.write(network, place)
        [agreement] = verify([Written(chosen, place, network.images, network.logits)])
        files = _moved(folder, target)
    return Exported(target, files, chosen, network, agreement)


def require_free(chosen: Format, target: Path) -> None:
    """InputError unless a format can write to a place, where nothing is yet."""
    if chosen.suffix and target.suffix != chosen.suffix:
        raise InputError(f"{target}: format {chosen.name} writes a {chosen.suffix} file; call it NAME{chosen.suffix}")
    if target.exists():
        raise InputError(f"{target} exists already; choose another name")


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A folder beside the target, gone when the block ends."""
    folder = target.parent / f".{target.name}.partial-{os.getpid()}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _moved(folder: Path, target: Path) -> tuple[Path, ...]:
    """Give everything its name at last, the target itself after what belongs to it."""
    names = sorted((item.name for item in folder.iterdir()), key=lambda name: name == target.name)
    for name in names:
        if (target.parent / name).exists():
            raise InputError(f"{target.parent / name} exists already; choose another name")
    for name in names:
        (folder / name).rename(target.parent / name)
    places = [target.parent / name for name in names]
    inside = [file for place in places for file in (sorted(place.rglob("*")) if place.is_dir() else [place])]
    return tuple(sorted(file for file in inside if file.is_file()))
