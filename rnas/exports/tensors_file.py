"""Write the format ``safetensors``: one file of weights that describes its network."""

from pathlib import Path

from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.networks._exported import write_described


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
        write_described(path, network.module.state_dict(), network.provenance)


FORMAT = TensorsFile()
