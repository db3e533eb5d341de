"""``rnas.export``: what it refuses, what it leaves behind, what it tells."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import rnas
from rnas import registry
from rnas.errors import ExportError, InputError
from rnas.exports.export import _moved
from rnas.exports.hugging_face import FORMAT as HUGGING_FACE
from rnas.exports.network import Network, find_network
from rnas.exports.robustbench import model_info
from rnas.exports.standalone import FORMAT as STANDALONE
from rnas.networks.residual import ResidualNetwork

TINY = ResidualNetwork((1, 1), (8, 12), stem_width=4)
SHAPE = (3, 8, 8)


class Wrong:
    """A format that forgets the weights of the last layer."""

    name, summary, suffix, extra, needs_rnas = "wrong", "wrong", ".py", "", False
    reader = STANDALONE.reader

    def write(self, network: Network, path: Path) -> None:
        with torch.no_grad():
            network.module.get_parameter("fc.weight").zero_()
        STANDALONE.write(network, path)


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    found = registry.load
    monkeypatch.setattr(registry, "load", lambda group, name: Wrong() if name == "wrong" else found(group, name))


@pytest.mark.usefixtures("wrong")
def test_a_wrong_export_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"net\.py in format wrong"):
        rnas.export(TINY, format="wrong", path=tmp_path / "net.py", input_shape=SHAPE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": "caffe"}, "unknown export 'caffe'; known: hugging-face, nni, onnx"),
        ({"path": "net.txt"}, r"format standalone writes a \.py file; call it NAME\.py"),
        ({"path": "there.py"}, "exists already; choose another name"),
        ({"num_classes": 0}, "whole numbers above zero"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_written(
    settings: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.py").touch()
    with pytest.raises(InputError, match=message):
        rnas.export(TINY, **{"format": "standalone", "path": "net.py", "input_shape": SHAPE, **settings})
    assert [path.name for path in tmp_path.iterdir()] == ["there.py"]


@pytest.mark.slow
def test_nni_has_no_choices_for_what_is_in_no_space(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none of .* holds this network"):
        rnas.export(TINY, format="nni", path=tmp_path / "net", input_shape=SHAPE)
    assert list(tmp_path.iterdir()) == []


def test_no_file_beside_the_target_is_replaced(tmp_path: Path) -> None:
    work, target = tmp_path / "work", tmp_path / "net.py"
    work.mkdir()
    for name in ("net.py", "net.pt"):
        (work / name).write_text("new")
    (tmp_path / "net.pt").write_text("old")
    with pytest.raises(InputError, match=r"net\.pt exists already"):
        _moved(work, target)
    assert not target.exists()
    assert (tmp_path / "net.pt").read_text() == "old"


def test_equal_seeds_give_equal_weights_and_leave_the_generator_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second, other = (find_network(TINY, input_shape=SHAPE, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.logits, second.logits)
    assert not torch.equal(first.logits, other.logits)


def test_weights_of_a_file_are_told_by_name_and_hash(tmp_path: Path) -> None:
    source = find_network(TINY, input_shape=SHAPE, seed=1)
    file = tmp_path / "released.pth"
    torch.save({"state_dict": source.module.state_dict()}, file)
    network = find_network(TINY, file, input_shape=SHAPE)
    assert not network.untrained
    assert torch.equal(network.logits, source.logits)
    assert network.provenance["weights"]["file"] == "released.pth"
    assert str(tmp_path) not in json.dumps(dict(network.provenance))


def test_a_model_card_says_untrained(tmp_path: Path) -> None:
    network = find_network(TINY, input_shape=SHAPE)
    HUGGING_FACE.write(network, tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert "**Untrained.** The weights are drawn from seed 0." in card
    assert "## Accuracy" not in card
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["rnas"] == dict(network.provenance)


def test_an_entry_of_robustbench_claims_nothing_that_is_not_known() -> None:
    entry = model_info(find_network(TINY, input_shape=SHAPE))
    assert entry.pop("architecture").startswith("residual-")
    assert entry.pop("number_forward_passes") == 1
    assert set(entry) >= {"link", "name", "authors", "additional_data", "dataset", "eps", "clean_acc", "autoattack_acc"}
    assert set(entry.values()) == {None}


def test_evaluations_of_other_weights_are_refused(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    result.write_text("{}")
    with pytest.raises(InputError, match="not a result of rnas evaluate"):
        find_network(TINY, input_shape=SHAPE, evaluation=result)
