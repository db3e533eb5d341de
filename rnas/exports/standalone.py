"""Write the format ``standalone``: one Python file that needs only torch, and a file of its weights."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rnas import __version__
from rnas.errors import InputError
from rnas.exports._expression import WIDTH, call
from rnas.exports._source import OTHERWISE, Import, Source
from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.utils.files import file_hash, plain

_OWN_PACKAGES = {"rnas", "search_spaces", "baselines"}
_IMPORTS = (
    Import("hashlib"),
    Import("sys"),
    Import("pathlib", "Path"),
    Import("torch"),
    Import("torch", "Tensor"),
)
_NAMES = frozenset(
    (
        "CLASSES",
        "WEIGHTS",
        "SHA256",
        "EXAMPLE",
        "EXAMPLE_SHA256",
        "TOLERANCE",
        "build",
        "_content",
        "load",
        "check",
        "main",
    )
)

_PT_CONTENT = '''def _content() -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Return the weights, example images and the logits that they gave."""
    path = Path(__file__).with_name(WEIGHTS)
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{path}: damaged or not the file that belongs here: its sha256 is not {SHA256[:12]}...")
    content = torch.load(path, map_location="cpu", weights_only=True)
    return content["state_dict"], content["images"], content["logits"]
'''

_SAFETENSORS_CONTENT = '''def _content() -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Return the weights, example images and the logits that they gave."""
    read = []
    for name, sha256 in ((WEIGHTS, SHA256), (EXAMPLE, EXAMPLE_SHA256)):
        path = Path(__file__).with_name(name)
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{path}: damaged or not the file that belongs here: its sha256 is not {sha256[:12]}...")
        read.append(load_file(path))
    weights, example = read
    return weights, example["images"], example["logits"]
'''

_LOADER = '''def load() -> {name}:
    """Return the network with its weights, in eval mode.

    Raises:
        OSError: the file of the weights is missing.
        ValueError: it is damaged.
    """
    network = build()
    network.load_state_dict(_content()[0])
    return network.eval()


def check() -> float:
    """Return the largest difference to the logits stored with the weights, as a share of the largest of them."""
    _, images, logits = _content()
    with torch.no_grad():
        return float((load()(images) - logits).abs().max() / logits.abs().max())


def main() -> None:
    """Check the files and print the result."""
    try:
        difference = check()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    if not difference <= TOLERANCE:
        sys.exit(f"logits differ by {{difference:.1e}} of the largest, more than {{TOLERANCE:g}}")
    print(f"as stored: logits differ by at most {{difference:.1e}} of the largest")


if __name__ == "__main__":
    main()
'''


class Standalone:
    """Python file with the source of the network's own classes, a loader and a check, and a file of weights."""

    name = "standalone"
    summary = "one readable .py file that needs only torch, and a file of weights; python FILE checks both"
    suffix = ".py"
    needs_rnas = False
    extra = ""
    reader = reader_script("python_file")

    def write(self, network: Network, path: Path) -> None:
        """Write both files; see :meth:`rnas.exports.format.Format.write`."""
        weights = path.with_suffix(".pt")
        content = {
            "state_dict": plain(network.module.state_dict()),
            "images": network.images,
            "logits": network.logits,
            "provenance": json.dumps(network.provenance, sort_keys=True, allow_nan=False),
        }
        torch.save(content, weights)
        constants = {"WEIGHTS": weights.name, "SHA256": file_hash(weights)}
        path.write_text(python_file(network, path.name, constants), encoding="utf-8")


def python_file(network: Network, own_name: str, constants: Mapping[str, str]) -> str:
    """Return the text of the file.

    Args:
        network: network that the file builds.
        own_name: name of the file.
        constants: WEIGHTS and SHA256 for a torch file; EXAMPLE and EXAMPLE_SHA256 too for safetensors files.

    Raises:
        InputError: the source of the network's class, or of something that it uses, cannot be copied.
    """
    cls = type(network.module)
    source = Source(_OWN_PACKAGES | {cls.__module__.partition(".")[0]}, _NAMES)
    with_safetensors = "EXAMPLE" in constants
    for needed in (*_IMPORTS, *([Import("safetensors.torch", "load_file")] if with_safetensors else [])):
        source.require(needed)
    try:
        made = call(cls, *_arguments(network), source)
    except InputError as error:
        raise InputError(f"architecture of kind {network.architecture.kind!r}: {error}") from None
    files = [*(f'{name} = "{value}"' for name, value in constants.items()), "TOLERANCE = 1e-4"]
    if network.classes:
        files += ["", *_classes(network.classes), '"""Names of the classes, in the order of the logits."""']
    build = [
        f"def build() -> {cls.__name__}:",
        f'    """Return the network of architecture {network.key} with new weights."""',
        *made.lines("return ", indent="    "),
    ]
    top = [*_docstring(network, own_name), "", *source.import_lines(), "", *files, "", *_spaced(source.constants)]
    content = _SAFETENSORS_CONTENT if with_safetensors else _PT_CONTENT
    parts = ["\n".join(top), *source.definitions, "\n".join(build), content, _LOADER.format(name=cls.__name__)]
    return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def _classes(classes: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a tuple of names."""
    yield "CLASSES = ("
    yield from (f"    {json.dumps(name)}," for name in classes)
    yield ")"


def _spaced(constants: list[str]) -> Iterator[str]:
    """Yield constants, with a blank line around those of several lines."""
    for before, constant in zip([None, *constants], constants, strict=False):
        if before is not None and "\n" in before + constant:
            yield ""
        yield constant


def _arguments(network: Network) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments, by position and by name, that the architecture gives the network's class."""
    cls: Any = type(network.module)
    if cls.__module__.partition(".")[0] == "torch":
        raise InputError(f"its network is a bare nn.{cls.__name__}; wrap it in a class of its own, {OTHERWISE}")
    calls = []
    constructor, inherited = cls.__init__, "__init__" not in vars(cls)

    def recorded(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        calls.append((self, args, kwargs))
        constructor(self, *args, **kwargs)

    cls.__init__ = recorded
    try:
        with torch.device("meta"):
            module = network.architecture.build(network.num_classes, network.input_shape)
    finally:
        cls.__init__ = constructor
        if inherited:
            del cls.__init__
    for made, args, kwargs in calls:
        if made is module:
            return args, kwargs
    raise InputError(f"its build makes no new {cls.__name__} with a constructor; do so, {OTHERWISE}")


def _docstring(network: Network, own_name: str) -> list[str]:
    channels, height, width = network.input_shape
    weights = network.provenance["weights"]
    origin = (
        f"UNTRAINED: the weights are drawn from seed {weights['seed']}."
        if network.untrained
        else f"The weights are those of {weights['file']}, sha256 {weights['sha256'][:12]}."
    )
    paragraphs = [
        f"{network.name}: images (N, {channels}, {height}, {width}) in [0, 1] to logits (N, {network.num_classes}).",
        "",
        *textwrap.wrap(origin, WIDTH),
        *textwrap.wrap(f"Published in {network.provenance['source']}." if network.provenance["source"] else "", WIDTH),
        *textwrap.wrap(" ".join(weights.get("notes", ())), WIDTH),
        *textwrap.wrap(f"Written by version {__version__} of rnas, architecture {network.key}.", WIDTH),
        *textwrap.wrap(
            f"load() returns the network with its weights; python {own_name} checks that its files are intact.", WIDTH
        ),
    ]
    escaped = [line.replace("\\", "/").replace('"', "'") for line in paragraphs]
    return [f'"""{escaped[0]}', *escaped[1:], '"""']


FORMAT = Standalone()
