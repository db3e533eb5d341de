"""The standalone file: the source of the network's own classes, short, clean, and free of rnas."""

import ast
import math
import subprocess
import sys
from collections import Counter
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
from rnas.exports.verification import TOLERANCE, Written, verify
from rnas.networks.architecture import Architecture, Shape
from rnas.networks.block import Block
from rnas.networks.cost import Cost
from rnas.networks.modules.blocks import ThreeConvolutionBlock
from rnas.networks.nas_bench_201 import NASBench201Cell
from rnas.networks.residual import ResidualNetwork
from rnas.networks.robnet import CODES, RobNetwork
from rnas.networks.zoo import baselines
from tests.rnas.exports.networks import MIXED, families, members, reduced
from tests.rnas.exports.own_network import Own

ROOT = Path(__file__).parents[3]
RUFF = Path(sys.executable).with_name("ruff")
MOST_LINES = 560
CELL = ("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "none", "avg_pool_3x3", "nor_conv_3x3")
ATTENTION = (
    "resnext",
    "botnet",
    "vitae",
    "pre-activation",
    "vit",
    "pvt",
    "coatnet",
    "swin",
    "cvt",
    "levit",
    "mobilevit",
    "poolformer",
    "cct",
    "ceit",
    "mlp-mixer",
)
FAMILIES = ("robust-wrn", "robust-resnet", "darts", "robnet", "densenet", "resnet", "vgg", *ATTENTION)
SMALL: Shape = (3, 16, 16)


def every_kind() -> list[tuple[Architecture, Shape]]:
    """Networks that between them use every kind of architecture, block, activation, normalisation and gate."""
    return [
        *((reduced(families()[name].network), SMALL) for name in FAMILIES),
        (MIXED, (3, 8, 8)),
        (ResidualNetwork((1, 1), (8, 8), (Block(activation="softplus", order="post"),), 8), (1, 7, 9)),
        (NASBench201Cell(CELL, channels=4, cells=1), (1, 8, 8)),
        (RobNetwork(CODES["free"][:6], layers=6, channels=4, stem="imagenet"), (3, 64, 64)),
        (Own(), (3, 8, 8)),
    ]


def write(networks: Iterable[tuple[Architecture, Shape]], folder: Path) -> list[Written]:
    written = []
    for number, (architecture, shape) in enumerate(networks):
        network = find_network(architecture, input_shape=shape, num_classes=7)
        path = folder / f"{architecture.kind.replace('-', '_')}_{number}.py"
        FORMAT.write(network, path)
        written.append(Written(FORMAT, path, network.images, network.logits))
    return written


def ruff(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [RUFF, *words, "--config", ROOT / "pyproject.toml", "--no-cache"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def require_clean(paths: Iterable[Path], folder: Path) -> None:
    for path in paths:
        text = path.read_text()
        assert len(text.splitlines()) <= MOST_LINES, path
        require_no_other_package(ast.parse(text))
        require_all_used(ast.parse(text))
    checked = ruff("check", folder)
    assert checked.returncode == 0, checked.stdout
    formatted = ruff("format", "--check", "--diff", folder)
    assert formatted.returncode == 0, formatted.stdout


def require_no_other_package(tree: ast.Module) -> None:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = [node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports]
    assert {str(module).partition(".")[0] for module in modules} - sys.stdlib_module_names == {"torch"}


def require_all_used(tree: ast.Module) -> None:
    """All that the file defines is used in it, but for what its reader calls."""
    defined = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    constants = [target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    used = Counter(node.id for node in names if isinstance(node.ctx, ast.Load))
    assert [name for name in (*defined, *constants) if not used[name]] == []


def test_every_kind_is_clean_and_computes_the_same_in_a_process_without_rnas(tmp_path: Path) -> None:
    written = write(every_kind(), tmp_path)
    require_clean([export.path for export in written], tmp_path)
    assert all(agreement.relative <= TOLERANCE for agreement in verify(written))


def test_classes_have_their_own_names_documentation_and_arguments(tmp_path: Path) -> None:
    [written] = write([(reduced(families()["robust-resnet"].network), SMALL)], tmp_path)
    tree = ast.parse(written.path.read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert list(classes) == [
        "BlockStyle",
        "SqueezeExcitation",
        "ResidualBlock",
        "ThreeConvolutionBlock",
        "RobustResBlock",
        "Stage",
        "ResidualModule",
    ]
    assert ast.get_docstring(classes["ThreeConvolutionBlock"], clean=False) == ThreeConvolutionBlock.__doc__
    [build] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "build"]
    assert "planes=(16, 32, 32), out_channels=(64, 128, 128)" in ast.unparse(build)
    assert "UNTRAINED: the weights are drawn from seed 0." in str(ast.get_docstring(tree))


def test_only_what_the_network_uses_is_in_the_file(tmp_path: Path) -> None:
    networks = [(ResidualNetwork((1, 1), (8, 8), (Block(),), 8), SMALL), (NASBench201Cell(CELL, 4, 1), SMALL)]
    residual, cells = (export.path.read_text() for export in write(networks, tmp_path))
    for name in ("TwoSlope", "ChannelLayerNorm", "InputNormalization", "ThreeConvolutionBlock", "Cost", "numpy"):
        assert name not in residual
    assert "SeparableConv" not in cells


def test_it_checks_itself_and_refuses_damaged_weights_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [written] = write([(reduced(families()["robust-wrn"].network), (3, 8, 8))], tmp_path)
    weights = written.path.with_suffix(".pt")
    intact = weights.read_bytes()
    for content in (intact[:-100], bytes([intact[0] ^ 1]) + intact[1:]):
        weights.write_bytes(content)
        module = ModuleType("network")
        module.__file__ = str(written.path)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        SourceFileLoader("network", str(written.path)).exec_module(module)
        with pytest.raises(SystemExit, match=r"residual_0\.pt: damaged or not the file that belongs here") as exit_:
            module.main()
        assert "\n" not in str(exit_.value)
    weights.write_bytes(intact)
    done = subprocess.run([sys.executable, written.path], capture_output=True, text=True, check=False)
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
def test_the_most_irregular_ones_at_their_own_size(tmp_path: Path) -> None:
    names = ("robnet-free", "robnet-large-imagenet", "nasnet", "amoebanet", "robust-resnet-a1")
    networks = [(baselines()[name].network, baselines()[name].input_shape) for name in names]
    require_clean([export.path for export in write(networks, tmp_path)], tmp_path)


@pytest.mark.slow
def test_members_of_the_space(tmp_path: Path) -> None:
    require_clean([export.path for export in write([(m, SMALL) for m in members(20, seed=3)], tmp_path)], tmp_path)
