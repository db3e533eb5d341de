"""Write the format ``torch-export``: an archive of ``torch.export``."""

import json
from pathlib import Path

import torch

from rnas.exports.format import reader_script
from rnas.exports.network import Network

EXTRA_FILE = "provenance.json"


class TorchExport:
    """Graph with its weights for any batch size, which ``torch.export.load`` reads."""

    name = "torch-export"
    summary = "archive of torch.export for any batch size; torch.export.load reads it"
    suffix = ".pt2"
    needs_rnas = False
    extra = ""
    reader = reader_script("torch_archive")

    def write(self, network: Network, path: Path) -> None:
        """Write the file; see :meth:`rnas.exports.format.Format.write`."""
        text = json.dumps(network.provenance, sort_keys=True, allow_nan=False)
        torch.export.save(network.program, path, extra_files={EXTRA_FILE: text})


FORMAT = TorchExport()
