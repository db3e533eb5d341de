"""Exports read back, and refused in one line where they were changed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

import rnas
from rnas import registry
from rnas.errors import InputError
from rnas.experiments._references import resolve
from rnas.exports.network import Network, find_network
from rnas.networks._exported import read_export
from rnas.networks.residual import ResidualNetwork

TINY = ResidualNetwork((1, 1), (8, 12), stem_width=4, normalize_input=True)
FILES = {
    "safetensors": ("net.safetensors", "net.safetensors"),
    "standalone": ("net.py", "net.pt"),
    "hugging-face": ("net", "net/model.safetensors"),
}


@pytest.fixture
def network() -> Network:
    return find_network(TINY, num_classes=5, input_shape=(3, 8, 8), seed=3)


def write(name: str, network: Network, folder: Path) -> tuple[Path, Path]:
    """The export, and the file that holds its weights."""
    target, weights = (folder / part for part in FILES[name])
    chosen = registry.load(registry.EXPORTS, name)
    if not chosen.suffix:
        target.mkdir()
    chosen.write(network, target)
    return target, weights


@pytest.mark.parametrize("name", FILES)
def test_load_gives_the_network_back(name: str, network: Network, tmp_path: Path) -> None:
    path, _ = write(name, network, tmp_path)
    again = rnas.load(path)
    assert not again.training
    with torch.no_grad():
        assert torch.equal(again(network.images), network.logits)
    reference = resolve(path)
    assert reference.architecture == TINY
    assert (reference.num_classes, reference.input_shape) == (5, (3, 8, 8))
    assert find_network(path).name == network.name
    # An export of an export says the same about the weights as the first one.
    assert find_network(path).untrained
    assert find_network(path).provenance["weights"]["seed"] == 3


def test_the_network_of_an_entry_of_robustbench_is_named(network: Network, tmp_path: Path) -> None:
    registry.load(registry.EXPORTS, "robustbench").write(network, tmp_path)
    with pytest.raises(InputError, match=f"^{tmp_path} is an entry of RobustBench: its network is ") as error:
        rnas.load(tmp_path)
    again = rnas.load(str(error.value).rpartition(" ")[2])
    with torch.no_grad():
        assert torch.equal(again(network.images), network.logits)


def test_equal_weights_are_equal_files(network: Network, tmp_path: Path) -> None:
    path, _ = write("safetensors", network, tmp_path)
    # Several entries would be written in an order that changes from process to process.
    with safe_open(path, "pt") as file:
        assert list(file.metadata()) == ["rnas"]


def test_a_file_of_another_network_with_the_same_tensors_is_refused(network: Network, tmp_path: Path) -> None:
    plain = replace(TINY, normalize_input=False)
    for name in ("safetensors", "standalone"):
        _, weights = write(name, network, tmp_path)
        with pytest.raises(InputError, match=r"it is of another network, .* which differs in normalize_input"):
            find_network(plain, weights, num_classes=5, input_shape=(3, 8, 8))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["truncated", "changed"])
def test_damaged_weights_are_refused(name: str, damage: str, network: Network, tmp_path: Path) -> None:
    path, weights = write(name, network, tmp_path)
    content = bytearray(weights.read_bytes())
    content[-40] ^= 1
    weights.write_bytes(content if damage == "changed" else content[:-64])
    with pytest.raises(InputError, match=r"changed|truncated|sha256") as error:
        rnas.load(path)
    assert "\n" not in str(error.value)


def test_a_changed_description_is_refused(network: Network, tmp_path: Path) -> None:
    path, _ = write("safetensors", network, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"untrained", b"certified"))
    with pytest.raises(InputError, match="was changed after it was written"):
        rnas.load(path)
    folder, _ = write("hugging-face", network, tmp_path)
    config = folder / "config.json"
    config.write_text(config.read_text().replace("untrained", "certified"))
    with pytest.raises(InputError, match="describes another network"):
        rnas.load(folder)


def test_no_python_file_is_executed(network: Network, tmp_path: Path) -> None:
    path, _ = write("standalone", network, tmp_path)
    path.write_text(path.read_text() + "\nraise SystemExit('executed')\n")
    rnas.load(path)
    other = tmp_path / "other.py"
    other.write_text("raise SystemExit('executed')\n")
    with pytest.raises(InputError, match="no standalone export"):
        rnas.load(other)
    other.write_text("this is no Python\n")
    with pytest.raises(InputError, match="cannot be read as Python"):
        rnas.load(other)


def test_missing_weights_are_named(network: Network, tmp_path: Path) -> None:
    path, weights = write("standalone", network, tmp_path)
    weights.unlink()
    with pytest.raises(InputError, match=r"net\.pt: no such file; it belongs to net\.py"):
        rnas.load(path)


def test_other_files_are_no_exports(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="is a directory"):
        rnas.load(tmp_path)


def test_weights_are_found_by_their_names_everywhere(network: Network, tmp_path: Path) -> None:
    path, _ = write("safetensors", network, tmp_path)
    with safe_open(path, "pt") as file:
        assert set(file.keys()) == set(network.module.state_dict())
        told = json.loads(file.metadata()["rnas"])
    assert told["key"] == network.key
    assert told["weights"] == {"status": "untrained", "seed": 3}


@pytest.mark.parametrize(
    "code",
    ["x = " + "1+" * 30_000 + "1", "x = " + "-" * 20_000 + "1", "(" * 50_000, "[" * 300_000, "\x00"],
    ids=range(5),
)
def test_code_that_is_nested_beyond_the_parser_is_refused(code: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(code)
    with pytest.raises(InputError, match="no standalone export"):
        read_export(tmp_path / "net.py")


def test_json_that_is_nested_beyond_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="nested more than"):
        read_export(tmp_path)
