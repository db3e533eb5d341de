"""Write the format ``torch-export``: an archive of ``torch.export``."""

import json
import warnings
from pathlib import Path

import torch

from rnas.errors import InputError
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
        torch.export.save(exported_program(network), path, extra_files={EXTRA_FILE: text})


def exported_program(network: Network) -> torch.export.ExportedProgram:
    """Return the network's graph for any batch size from 1; raise InputError if torch cannot trace the network."""
    with warnings.catch_warnings(), torch.no_grad():
        # torch warns of deprecated functions of its own.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        batch = torch.export.Dim("batch", min=1)
        try:
            return torch.export.export(network.module, (network.images,), dynamic_shapes=({0: batch},))
        except Exception as error:  # Tracing runs the module's own code, which may raise anything.
            reason = str(error).strip().splitlines()[0]
            raise InputError(f"{network.name}: torch.export cannot trace this network ({reason})") from None


FORMAT = TorchExport()
