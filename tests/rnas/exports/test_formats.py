"""Every format, read back in a fresh process: small networks, every family of the zoo, members of a space."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from rnas import registry
from rnas.errors import ExportError
from rnas.exports.format import Format
from rnas.exports.network import find_network
from rnas.exports.verification import TOLERANCE, Agreement, Written, verify
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.residual import ResidualNetwork
from rnas.testing.export_format import ExportFormatConformance
from search_spaces.nas_bench_201 import NASBench201
from tests.rnas.exports.networks import IMAGE, MIXED, families, members, reduced

FORMATS = ("safetensors", "standalone", "torch-export", "onnx", "nni", "hugging-face", "robustbench")
GRAPHS = ("torch-export", "onnx")
"""Formats that translate every operation of a network, which takes seconds."""

TENSORS = ("safetensors", "standalone", "hugging-face", "robustbench")
"""Formats that hold the tensors of a network next to the code of its classes."""

LIGHT = ("safetensors", "standalone", "torch-export", "hugging-face", "robustbench")
TINY = ResidualNetwork((1, 1), (8, 12), stem_width=4)


def found(name: str) -> Format:
    chosen: Format = registry.load(registry.EXPORTS, name)
    return chosen


def written(
    names: Iterable[str], architectures: Iterable[Architecture], folder: Path, shape: Shape = IMAGE
) -> list[Written]:
    formats = [found(name) for name in names]
    exports = []
    for number, architecture in enumerate(architectures):
        network = find_network(architecture, input_shape=shape, seed=number)
        for chosen in formats:
            path = folder / f"{chosen.name.replace('-', '_')}_{number}{chosen.suffix}"
            if not chosen.suffix:
                path.mkdir()
            chosen.write(network, path)
            exports.append(Written(chosen, path, network.images, network.logits))
    return exports


def agree(agreements: Iterable[Agreement]) -> bool:
    return all(agreement.relative <= TOLERANCE for agreement in agreements)


def test_all_formats_are_registered() -> None:
    assert tuple(sorted(FORMATS)) == tuple(registry.names(registry.EXPORTS))
    assert all(found(name).name == name for name in FORMATS)


@pytest.mark.slow
def test_a_network_in_several_formats(tmp_path: Path) -> None:
    exports = written(LIGHT, [TINY], tmp_path, (3, 8, 8))
    agreements = verify(exports)
    assert agree(agreements)
    assert len({agreement.largest for agreement in agreements}) == 1


@pytest.mark.slow
def test_other_weights_are_found_out(tmp_path: Path) -> None:
    export, other = written(["hugging-face"], [TINY, TINY], tmp_path, (3, 8, 8))
    with pytest.raises(ExportError, match=r"logits differ by .* of the largest, more than 0\.0001"):
        verify([Written(export.format, export.path, export.images, other.logits)])


@pytest.mark.slow
def test_what_needs_rnas_cannot_be_read_without(tmp_path: Path) -> None:
    [export] = written(["safetensors"], [TINY], tmp_path, (3, 8, 8))

    class Promising:
        name, summary, suffix, extra = "promising", "", ".safetensors", ""
        needs_rnas = False
        reader = export.format.reader

        def write(self, *_: object) -> None:
            raise AssertionError

    with pytest.raises(ExportError, match="import of rnas halted"):
        verify([Written(Promising(), export.path, export.images, export.logits)])


@pytest.mark.slow
def test_every_family_of_the_zoo(tmp_path: Path) -> None:
    networks = {name: reduced(baseline.network) for name, baseline in families().items()}
    # The last network of a class is the one that stays.
    last = (networks["darts"], networks["robust-resnet"])
    of_each_class = {type(network): network for network in (*networks.values(), *last)}.values()
    exports = written(TENSORS, networks.values(), tmp_path)
    exports += written(GRAPHS, of_each_class, tmp_path)
    assert agree(verify(exports))


@pytest.mark.slow
def test_members_of_the_space(tmp_path: Path) -> None:
    networks = members(6, seed=7)
    exports = written([*TENSORS, "nni"], networks, tmp_path)
    # Two members have few of the operations that a graph may have; the other network has most.
    # Formats share the traced graph, in whichever order they are written.
    exports += written(GRAPHS[::-1], [MIXED, *networks[:2]], tmp_path)
    assert agree(verify(exports))


@pytest.mark.slow
def test_nni_reads_cells_of_nas_bench_201(tmp_path: Path) -> None:
    space = NASBench201(NASBench201.Settings(), IMAGE, 10)
    cells = [space.decode(genome) for genome in space.uniform(3, np.random.default_rng(0))]
    exports = written(["nni"], cells, tmp_path)
    assert agree(verify(exports))
    assert json.loads((exports[0].path / "sample.json").read_text())["space"] == "nas-bench-201"


@pytest.mark.slow
class TestSafetensors(ExportFormatConformance):
    def format(self) -> Format:
        return found("safetensors")


@pytest.mark.slow
class TestStandalone(ExportFormatConformance):
    def format(self) -> Format:
        return found("standalone")


@pytest.mark.slow
class TestTorchExport(ExportFormatConformance):
    def format(self) -> Format:
        return found("torch-export")


@pytest.mark.slow
class TestOnnx(ExportFormatConformance):
    def format(self) -> Format:
        return found("onnx")


@pytest.mark.slow
class TestHuggingFace(ExportFormatConformance):
    def format(self) -> Format:
        return found("hugging-face")


@pytest.mark.slow
class TestRobustBench(ExportFormatConformance):
    def format(self) -> Format:
        return found("robustbench")
