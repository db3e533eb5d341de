"""Define the contract of an export format."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from rnas.exports.network import Network


@runtime_checkable
class Format(Protocol):
    """A format to write networks in; one instance is registered under ``rnas.exports``.

    Attributes:
        name: name under which it is registered.
        summary: description in one line.
        suffix: suffix of its file, such as ``.onnx``; empty if it writes a folder.
        needs_rnas: whether rnas must be installed to read it.
        extra: extra of rnas that must be installed to write it; empty if none is needed.
        reader: a script that defines ``read(path)``, which returns the exported network as a function from images to
            logits, both float32 NumPy arrays. It runs alone in a new process, and may import rnas only if
            ``needs_rnas`` is true.
    """

    name: str
    summary: str
    suffix: str
    needs_rnas: bool
    extra: str
    reader: Path

    def write(self, network: Network, path: Path) -> None:
        """Write a network.

        Args:
            network: the network with its weights.
            path: an empty folder to fill, or, for a format of one file, the file to create. Further files may be
                written next to that file.

        Raises:
            InputError: the network cannot be written in this format.
        """


def reader_script(name: str) -> Path:
    """Return the path of a reader script of this package."""
    return Path(__file__).with_name("readers") / f"{name}.py"
