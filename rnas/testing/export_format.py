"""Test export formats for conformance: inherit the class in a test module and name the format."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from rnas.exports.format import Format
from rnas.exports.network import find_network
from rnas.exports.verification import TOLERANCE, Written, verify
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.block import Block
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.residual import ResidualNetwork

_CELL = ("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "none", "avg_pool_3x3", "nor_conv_3x3")


class ExportFormatConformance(ABC):
    """Test what every export format must do. A subclass overrides :meth:`format`."""

    @abstractmethod
    def format(self) -> Format:
        """Return the format under test."""

    def cases(self) -> Sequence[tuple[Architecture, Shape, int]]:
        """Return small networks, the shapes of their images and their numbers of classes."""
        block = Block("basic", activation="prelu", squeeze_excitation="standard")
        return (
            (ResidualNetwork((1, 1), (8, 12), (block,), stem_width=4, normalize_input=True), (3, 8, 8), 10),
            (NASBench201Cell(_CELL, channels=4, cells=1), (1, 8, 8), 3),
        )

    def test_it_says_what_it_writes(self) -> None:
        chosen = self.format()
        assert isinstance(chosen, Format)
        assert chosen.summary
        assert "\n" not in chosen.summary
        assert chosen.suffix == "" or chosen.suffix.startswith(".")
        assert "def read(" in chosen.reader.read_text(encoding="utf-8")

    def test_what_is_read_back_computes_the_same(self, tmp_path: Path) -> None:
        chosen = self.format()
        exports = []
        for number, (architecture, shape, classes) in enumerate(self.cases()):
            network = find_network(architecture, num_classes=classes, input_shape=shape, seed=number)
            path = tmp_path / f"{number}{chosen.suffix}"
            if not chosen.suffix:
                path.mkdir()
            before = {name: tensor.clone() for name, tensor in network.module.state_dict().items()}
            chosen.write(network, path)
            assert path.exists()
            # The export must not change the network.
            assert not network.module.training
            assert all(before[name].equal(tensor) for name, tensor in network.module.state_dict().items())
            exports.append(Written(chosen, path, network.images, network.logits))
        assert all(agreement.relative <= TOLERANCE for agreement in verify(exports))
