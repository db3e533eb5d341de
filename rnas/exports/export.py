"""Export: build, write under a temporary name, compare in a new process, and only then rename the files."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnas import registry
from rnas.errors import InputError
from rnas.experiments._references import AnyNetwork
from rnas.exports.format import Format
from rnas.exports.network import Network, find_network
from rnas.exports.verification import BLOCKED, TOLERANCE, Agreement, Written, verify
from rnas.networks.architecture import Shape
from rnas.utils._directories import require_possible


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    Attributes:
        path: file or folder of the export.
        files: names of all files, sorted.
        format: format of the export.
        network: the exported network.
        agreement: comparison of the files with the network in a new process.
    """

    path: Path
    files: tuple[Path, ...]
    format: Format
    network: Network
    agreement: Agreement

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
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
    architecture: AnyNetwork,
    *,
    format: str,  # noqa: A002 (as it is called everywhere)
    path: Path | str,
    weights: Path | str | None = None,
    num_classes: int | None = None,
    input_shape: Shape | None = None,
    seed: int = 0,
    evaluation: Path | str | None = None,
) -> Exported:
    """Write a network with its weights in a format of another tool, and compare the files in a new process.

    Args:
        architecture: an architecture, or a reference that :func:`rnas.experiments.resolve` accepts.
        format: a registered name: ``safetensors``, ``standalone``, ``torch-export``, ``onnx``, ``nni``,
            ``hugging-face`` or ``robustbench``.
        path: file or folder to write; it must not exist.
        weights: a file of weights; None takes those of the architecture's own run or, if there are none, new ones drawn
            from ``seed``, and the export then says that it is untrained.
        num_classes: number of classes; None takes the number that it was published or searched for.
        input_shape: (channels, height, width); None takes the shape that it was published or searched for.
        seed: seed of new weights.
        evaluation: a result of ``rnas evaluate`` for these weights, for the formats that contain accuracies.

    Raises:
        InputError: a setting is wrong, a library is missing, or the network cannot be written in this format.
        ExportError: the written files compute other logits; they are removed.

    Examples:
        >>> import rnas
        >>> from rnas.networks import ResidualNetwork
        >>> network = ResidualNetwork(depths=(1, 1), channels=(4, 8), stem_width=4)
        >>> exported = rnas.export(network, format="standalone", path="net.py", input_shape=(1, 8, 8), num_classes=10)
        >>> [file.name for file in exported.files]
        ['net.pt', 'net.py']
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
    """Raise InputError unless a format can write to a path that does not exist yet."""
    require_possible(target)
    if chosen.suffix and target.suffix != chosen.suffix:
        raise InputError(f"{target}: format {chosen.name} writes a {chosen.suffix} file; call it NAME{chosen.suffix}")
    if target.exists():
        raise InputError(f"{target} exists already; choose another name")


_LEAST_FREE = 2**16
"""Bytes: with less room on a disk, a file could not be written."""


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """Make a folder next to the target, and remove it when the block ends."""
    folder = target.parent / f".{target.name}.partial-{os.getpid()}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    try:
        yield folder
    except RuntimeError as error:
        # Torch and ONNX say this in words of their own.
        if shutil.disk_usage(folder).free >= _LEAST_FREE:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _moved(folder: Path, target: Path) -> tuple[Path, ...]:
    """Rename everything to its final name, the target itself last."""
    names = sorted((item.name for item in folder.iterdir()), key=lambda name: name == target.name)
    for name in names:
        if (target.parent / name).exists():
            raise InputError(f"{target.parent / name} exists already; choose another name")
    for name in names:
        (folder / name).rename(target.parent / name)
    places = [target.parent / name for name in names]
    inside = [file for place in places for file in (sorted(place.rglob("*")) if place.is_dir() else [place])]
    return tuple(sorted(file for file in inside if file.is_file()))
