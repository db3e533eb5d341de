"""Write the format ``safetensors``: one file of weights that describes its network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.networks._exported import CHECKSUM, PROVENANCE, signature
from rnas.utils.files import plain, write_tensors


class TensorsFile:
    """File of weights, architecture, provenance and checksum for ``rnas.load``; any reader can read its tensors."""

    name = "safetensors"
    summary = "weights with architecture, provenance and checksum in one file; rnas.load reads it"
    suffix = ".safetensors"
    needs_rnas = True
    extra = ""
    reader = reader_script("rnas_load")

    def write(self, network: Network, path: Path) -> None:
        """Write the file; see :meth:`rnas.exports.format.Format.write`."""
        write_described(path, network.module, network.provenance)


def write_described(path: Path, module: nn.Module, provenance: Mapping[str, Any]) -> None:
    """Write a state dict as safetensors, with a description and the checksum of both as metadata."""
    tensors = plain(module.state_dict())
    text = json.dumps(provenance, sort_keys=True, allow_nan=False)
    write_tensors(path, tensors, {PROVENANCE: text, CHECKSUM: signature(text, tensors)})


FORMAT = TensorsFile()
