"""The format ``torch-export``: an archive of ``torch.export``."""

import json
import warnings
from pathlib import Path

import torch

from rnas.errors import InputError
from rnas.exports.format import reader_script
from rnas.exports.network import Network

EXTRA_FILE = "provenance.json"


class TorchExport:
    """A graph with its weights for any batch size; ``torch.export.load`` reads it."""

    name = "torch-export"
    summary = "archive of torch.export for any batch size; torch.export.load reads it"
    suffix = ".pt2"
    needs_rnas = False
    extra = ""
    reader = reader_script("torch_archive")

    def write(self, network: Network, path: Path) -> None:
        """See :meth:`rnas.exports.format.Format.write`."""
        text = json.dumps(network.provenance, sort_keys=True, allow_nan=False)
        torch.export.save(exported_program(network), path, extra_files={EXTRA_FILE: text})


def exported_program(network: Network) -> torch.export.ExportedProgram:
    """The network's graph, its batch of any size from 1; InputError where torch cannot follow the network."""
    with warnings.catch_warnings(), torch.no_grad():
        # torch warns of its own parts that it replaces.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        batch = torch.export.Dim("batch", min=1)
        try:
            return torch.export.export(network.module, (network.images,), dynamic_shapes=({0: batch},))
        except Exception as error:  # Tracing runs the module's own code, which may raise anything.
            reason = str(error).strip().splitlines()[0]
            raise InputError(f"{network.name}: torch.export cannot follow this network ({reason})") from None


FORMAT = TorchExport()
