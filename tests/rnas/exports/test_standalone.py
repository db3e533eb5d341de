"""The standalone file: short, clean by the repository's own linter, and free of rnas."""

import math
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from torch import nn

from rnas.errors import InputError
from rnas.exports.network import find_network
from rnas.exports.standalone import FORMAT
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.cost import Cost
from rnas.networks.zoo import zoo
from tests.rnas.exports.networks import IMAGE, families, members, reduced

ROOT = Path(__file__).parents[3]
RUFF = Path(sys.executable).with_name("ruff")
MOST_LINES = 299


def ruff(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [RUFF, *words, "--config", ROOT / "pyproject.toml", "--no-cache"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(networks: Iterable[tuple[Architecture, Shape, int]], folder: Path) -> list[Path]:
    paths = []
    for number, (architecture, shape, classes) in enumerate(networks):
        path = folder / f"network_{number}.py"
        FORMAT.write(find_network(architecture, input_shape=shape, num_classes=classes), path)
        paths.append(path)
    return paths


def require_clean(paths: Iterable[Path], folder: Path) -> None:
    for path in paths:
        text = path.read_text()
        assert len(text.splitlines()) <= MOST_LINES, path
        assert not re.search(r"(import|from)\s+rnas", text)
        compile(text, path.name, "exec")
    checked = ruff("check", folder)
    assert checked.returncode == 0, checked.stdout
    formatted = ruff("format", "--check", "--diff", folder)
    assert formatted.returncode == 0, formatted.stdout


def test_small_networks_of_several_families(tmp_path: Path) -> None:
    chosen = [families()[name].network for name in ("robust-wrn", "densenet", "resnet", "vgg")]
    require_clean(files([(reduced(network), IMAGE, 10) for network in chosen], tmp_path), tmp_path)


def test_a_robust_res_block_has_one_class_for_each_kind_of_block(tmp_path: Path) -> None:
    [path] = files([(reduced(families()["robust-resnet"].network), IMAGE, 10)], tmp_path)
    text = path.read_text()
    assert re.findall(r"^class (\w+)", text, re.MULTILINE) == [
        "SqueezeExcitation",
        "ThreeConvolutionBlock",
        "ThreeConvolutionBlock2",
        "ThreeConvolutionBlock3",
        "Stage",
        "ResidualModule",
    ]
    assert "for block in self.blocks:\n            out = block(out)" in text
    assert "UNTRAINED: the weights are drawn from seed 0." in text


def test_it_checks_itself_and_refuses_damaged_weights_in_one_line(tmp_path: Path) -> None:
    [path] = files([(reduced(families()["robust-wrn"].network), (3, 8, 8), 10)], tmp_path)
    weights = path.with_suffix(".pt")
    intact = weights.read_bytes()
    for content in (intact[:-100], bytes([intact[0] ^ 1]) + intact[1:]):
        weights.write_bytes(content)
        module = ModuleType("network")
        module.__file__ = str(path)
        SourceFileLoader("network", str(path)).exec_module(module)
        with pytest.raises(SystemExit, match=r"network_0\.pt: damaged or not the file that belongs here") as exit_:
            module.main()
        assert "\n" not in str(exit_.value)
    weights.write_bytes(intact)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("as stored: logits differ by at most")


@dataclass(frozen=True)
class Linear:
    """An architecture of another package, without a class for its network."""

    kind: ClassVar[str] = "linear"

    def build(self, num_classes: int, input_shape: Shape) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(input_shape), num_classes))

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        weights = math.prod(input_shape) * num_classes
        return Cost(weights + num_classes, weights)


def test_a_refusal_names_the_architecture(tmp_path: Path) -> None:
    network = find_network(Linear(), input_shape=(1, 2, 2))
    with pytest.raises(InputError, match=r"^architecture of kind 'linear': .* is a bare nn\.Sequential; wrap it"):
        FORMAT.write(network, tmp_path / "linear.py")


@pytest.mark.slow
@pytest.mark.parametrize("family", families())
def test_every_published_family_at_its_own_size(family: str, tmp_path: Path) -> None:
    alike = [baseline for baseline in zoo().values() if baseline.family == family]
    # The largest would only take longer: depth and width are numbers in the source.
    smallest = min(alike, key=lambda baseline: baseline.cost.flops)
    networks = [(smallest.network, smallest.input_shape, smallest.num_classes)]
    require_clean(files(networks, tmp_path), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["robnet-free", "robnet-large-imagenet", "nasnet", "amoebanet", "robust-resnet-a1"])
def test_the_most_irregular_ones(name: str, tmp_path: Path) -> None:
    found = zoo()[name]
    require_clean(files([(found.network, found.input_shape, found.num_classes)], tmp_path), tmp_path)


@pytest.mark.slow
def test_members_of_the_space(tmp_path: Path) -> None:
    require_clean(files([(member, IMAGE, 10) for member in members(20, seed=3)], tmp_path), tmp_path)
