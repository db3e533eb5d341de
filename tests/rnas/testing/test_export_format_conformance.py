"""The conformance test of export formats finds one that changes the network it writes."""

from pathlib import Path

import pytest
import torch

from rnas.exports.format import Format
from rnas.exports.network import Network
from rnas.exports.tensors_file import TensorsFile
from rnas.testing.export_format import ExportFormatConformance


class Rounding(TensorsFile):
    """Writes the weights as they are, and leaves them rounded."""

    def write(self, network: Network, path: Path) -> None:
        super().write(network, path)
        with torch.no_grad():
            for parameter in network.module.parameters():
                parameter.round_(decimals=3)


class OfTheRoundingFormat(ExportFormatConformance):
    def format(self) -> Format:
        return Rounding()


def test_a_format_that_changes_the_network_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        OfTheRoundingFormat().test_what_is_read_back_computes_the_same(tmp_path)
