"""The format ``standalone``: one Python file that needs torch alone, with its weights beside it."""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path

import torch

from rnas import __version__
from rnas.errors import InputError
from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.exports.source.module_source import module_source
from rnas.utils.files import file_hash, plain

_WIDTH = 119

_PT_CONTENT = '''def _content() -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Weights, images and the logits that they gave."""
    path = Path(__file__).with_name(WEIGHTS)
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{path}: damaged or not the file that belongs here: its sha256 is not {SHA256[:12]}...")
    content = torch.load(path, map_location="cpu", weights_only=True)
    return content["state_dict"], content["images"], content["logits"]
'''

_SAFETENSORS_CONTENT = '''def _content() -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Weights, images and the logits that they gave."""
    read = []
    for name, sha256 in ((WEIGHTS, SHA256), (EXAMPLE, EXAMPLE_SHA256)):
        path = Path(__file__).with_name(name)
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{path}: damaged or not the file that belongs here: its sha256 is not {sha256[:12]}...")
        read.append(load_file(path))
    weights, example = read
    return weights, example["images"], example["logits"]
'''

_LOADER = '''def load() -> {network}:
    """The network with its weights, in eval mode; OSError or ValueError where their file is missing or damaged."""
    network = {network}()
    network.load_state_dict(_content()[0])
    return network.eval()


def check() -> float:
    """The largest difference to the logits stored with the weights, as a share of the largest of them."""
    _, images, logits = _content()
    with torch.no_grad():
        return float((load()(images) - logits).abs().max() / logits.abs().max())


def main() -> None:
    """Check the file and say what came of it."""
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
    """Readable classes, one for each kind of block, a loader that checks its file, and a check of the whole."""

    name = "standalone"
    summary = "one readable .py file that needs torch alone, its weights beside it; python FILE checks itself"
    suffix = ".py"
    needs_rnas = False
    extra = ""
    reader = reader_script("python_file")

    def write(self, network: Network, path: Path) -> None:
        """See :meth:`rnas.exports.format.Format.write`."""
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
    """The text of the file.

    Args:
        network: what it makes.
        own_name: name of the file.
        constants: WEIGHTS and SHA256 of a file of torch; with EXAMPLE and EXAMPLE_SHA256, of files of safetensors.

    Raises:
        InputError: the network cannot be written as source.
    """
    try:
        source = module_source(network.module, network.input_shape)
    except InputError as error:
        raise InputError(f"architecture of kind {network.architecture.kind!r}: {error}") from None
    with_safetensors = "EXAMPLE" in constants
    imports = ["import hashlib", "import sys", "from pathlib import Path", ""]
    imports += ["import torch", "from torch import Tensor, nn"]
    if with_safetensors:
        imports.insert(4, "from safetensors.torch import load_file")
    if source.functional:
        imports.append("from torch.nn import functional as F")
    return "\n".join(
        [
            *_docstring(network, own_name),
            "",
            *imports,
            "",
            *(f'{name} = "{value}"' for name, value in constants.items()),
            "TOLERANCE = 1e-4",
            "",
            "",
            *source.lines,
            *(_SAFETENSORS_CONTENT if with_safetensors else _PT_CONTENT).split("\n"),
            "",
            _LOADER.format(network=source.name),
        ]
    )


def _docstring(network: Network, own_name: str) -> list[str]:
    channels, height, width = network.input_shape
    weights = network.provenance["weights"]
    told = (
        f"UNTRAINED: the weights are drawn from seed {weights['seed']}."
        if network.untrained
        else f"The weights are those of {weights['file']}, sha256 {weights['sha256'][:12]}."
    )
    paragraphs = [
        f"{network.name}: images (N, {channels}, {height}, {width}) in [0, 1] to logits (N, {network.num_classes}).",
        "",
        *textwrap.wrap(told, _WIDTH),
        *textwrap.wrap(f"Published in {network.provenance['source']}." if network.provenance["source"] else "", _WIDTH),
        *textwrap.wrap(f"Written by version {__version__} of rnas, architecture {network.key}.", _WIDTH),
        *textwrap.wrap(
            f"load() gives the network with its weights; python {own_name} checks that it is intact.", _WIDTH
        ),
    ]
    escaped = [line.replace("\\", "/").replace('"', "'") for line in paragraphs]
    return [f'"""{escaped[0]}', *escaped[1:], '"""']


FORMAT = Standalone()
