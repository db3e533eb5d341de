"""What a format of exports is."""

from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, runtime_checkable

from rnas.errors import InputError
from rnas.exports.network import Network


@runtime_checkable
class Format(Protocol):
    """A way to write networks. One instance is registered under ``rnas.exports``.

    Attributes:
        name: as it is registered.
        summary: what it is, in one line.
        suffix: of its file, such as ``.onnx``; empty where it writes a folder.
        needs_rnas: whether rnas must be installed to read it.
        extra: what must be installed to write it, as an extra of rnas; empty where nothing is.
        reader: a script that defines ``read(path)``, which gives the exported network as a function from images to
            logits, float32 arrays of NumPy. It is run in a fresh process, by itself, and may import rnas only where
            ``needs_rnas`` says so.
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
            network: with its weights.
            path: the folder to fill, which exists and is empty; or, of a format of one file, that file, which does not
                exist. Further files of it may be written next to it.

        Raises:
            InputError: the network cannot be written in this format.
        """


def reader_script(name: str) -> Path:
    """One of our own readers."""
    return Path(__file__).with_name("readers") / f"{name}.py"


def require_extra(extra: str, *modules: str) -> None:
    """InputError where a library that an extra of rnas brings is missing."""
    for module in modules:
        if find_spec(module) is None:
            raise InputError(f"{module} is not installed: pip install 'rnas[{extra}]'")
