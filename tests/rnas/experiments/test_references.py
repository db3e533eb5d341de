import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import rnas
from rnas.errors import InputError
from rnas.experiments._references import _of_run, resolve, resolve_reference
from rnas.nas._members import member
from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.networks.residual import widened
from rnas.networks.zoo import baselines
from rnas.utils.files import file_hash
from tests.rnas.experiments.training.trainings import NETWORK, trained


@pytest.mark.parametrize("text", ["robustresnet-a1", "RobustResNet-A1", "robust-resnet-a1"])
def test_published_networks(text: str) -> None:
    baseline = baselines()["robust-resnet-a1"]
    found = resolve(text)
    assert found.architecture == baseline.network
    assert (found.input_shape, found.num_classes, found.weight_names) == ((3, 32, 32), 10, baseline.weight_names)


def test_networks_of_the_zoo_and_architectures_are_taken_as_objects() -> None:
    listed = rnas.zoo()["resnet-18"]
    assert resolve_reference(listed) == resolve("resnet-18")
    assert resolve_reference(listed.baseline.network).architecture == listed.baseline.network
    assert isinstance(rnas.load(listed), nn.Module)


@pytest.mark.parametrize("given", [3, nn.Linear(2, 2), ("resnet-18",), type(widened((1, 1, 1), (1, 1, 1))), None])
def test_what_is_no_network_is_refused_in_one_line(given: Any) -> None:
    with pytest.raises(InputError, match=r"^[^\n]+: give a name of rnas zoo, .*, or an architecture[^\n]*$"):
        resolve_reference(given)


def test_a_folder_called_like_a_network_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("vgg-11").mkdir()
    assert resolve("vgg-11").architecture == baselines()["vgg-11"].network


def test_networks_for_other_images() -> None:
    found = resolve("robnet-large-imagenet")
    assert (found.input_shape, found.num_classes) == ((3, 224, 224), 1000)


@pytest.mark.parametrize("wrapped", [True, False])
def test_json_files(tmp_path: Path, wrapped: bool) -> None:
    network = widened((1, 1, 1), (2, 2, 2))
    content = arch.to_dict(network)
    path = tmp_path / ("net.json" if wrapped else "net")
    path.write_text(json.dumps({"architecture": content, "flops": 1} if wrapped else content))
    found = resolve(path)
    assert found.architecture == network
    # Its weights may be named as those of any published network of its kind.
    assert {names.code for names in found.weight_names} == {
        "zhichao-lu/robust-residual-network",
        "HanxunH/RobustWRN",
        "yaodongyu/TRADES",
    }


def test_members_of_a_run(finished_run: SearchResult) -> None:
    place = finished_run.path
    key = finished_run.records[3].key
    for word in (key, "knee", "at:5G", "max:score"):
        found = resolve(f"{place}:{word}")
        assert found.architecture == member(finished_run, word).architecture
        assert (found.input_shape, found.num_classes) == ((3, 32, 32), 10)
        assert found.checkpoint is None


def test_checkpoints_of_a_run(finished_run: SearchResult) -> None:
    record = finished_run.records[3]
    folder = finished_run.path / "checkpoints"
    folder.mkdir()
    path = folder / f"{record.key}.safetensors"
    path.touch()
    try:
        for text in (str(path), f"{finished_run.path}:{record.key}"):
            found = resolve(text)
            assert (found.architecture, found.checkpoint) == (record.architecture, path)
    finally:
        path.unlink()
        folder.rmdir()


@pytest.mark.parametrize("recorded", [5, "mine", ["a.pth"]])
def test_only_a_hash_in_a_record_is_compared_with_a_checkpoint(finished_run: SearchResult, recorded: Any) -> None:
    record = finished_run.records[3]
    assert record.evaluation is not None
    folder = finished_run.path / "checkpoints"
    folder.mkdir()
    path = folder / f"{record.key}.safetensors"
    path.touch()

    def with_weights(value: Any) -> SearchResult:
        assert record.evaluation is not None
        evaluation = replace(record.evaluation, provenance={"weights": value})
        return replace(finished_run, records=(replace(record, evaluation=evaluation),))

    try:
        assert _of_run(with_weights(recorded), record.key, "member").checkpoint == path
        with pytest.raises(InputError, match="its sha256 is not the one that the run recorded"):
            _of_run(with_weights(16 * "0"), record.key, "member")
    finally:
        path.unlink()
        folder.rmdir()


def test_a_run_of_no_training_tells_none(finished_run: SearchResult) -> None:
    assert resolve(f"{finished_run.path}:knee").training is None


def test_checkpoints_of_a_training(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", epochs=1)
    path = tmp_path / "run" / "last.safetensors"
    found = resolve(path)
    assert (found.name, found.architecture, found.checkpoint) == (str(path), NETWORK, path)
    assert (found.input_shape, found.num_classes) == ((1, 8, 8), 10)
    assert found.training == run.settings
    # Its description alone is a file with an architecture.
    assert resolve(tmp_path / "run" / "last.json").architecture == NETWORK
    with pytest.raises(InputError, match=rf"is a training; for its network write {tmp_path}/run/best.safetensors"):
        resolve(tmp_path / "run")
    description = tmp_path / "run" / "last.json"
    description.write_text(description.read_text().replace(file_hash(path), 64 * "0"))
    with pytest.raises(InputError, match=r"last.safetensors: its sha256 is .*, and last.json is of weights whose"):
        resolve(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wrn-28-12", "unknown network 'wrn-28-12'; similar: "),
        ("missing.json", "missing.json: cannot be read .No such file"),
        ("missing.safetensors", "missing.safetensors: no such file"),
        ("stray.safetensors", "stray.safetensors: weights of no run; name the architecture, and these as its weights"),
        ("bad.json", "bad.json: not an architecture's JSON"),
        ("binary.json", "binary.json is no architecture: binary; name a published network, "),
        ("picture.png", "picture.png is no architecture: binary; name a published network, "),
        ("net.onnx", r"net.onnx is an ONNX export: load it with onnxruntime.InferenceSession\('net.onnx'\)"),
        ("net.pt2", r"net.pt2 is an export of torch.export: load it with torch.export.load\('net.pt2'\).module\(\)"),
        ("list.json", 'list.json: an architecture is a JSON object with a "kind"'),
        ("kind.json", "kind.json: unknown architecture 'house'"),
        ("field.json", "field.json: architecture of kind 'residual': depths"),
        ("nowhere:knee", "nowhere is not a search: it has no config.yaml"),
        (":knee", "is not a search"),
        (".", ". is a directory; for a member of a run write .: and a key, knee, at:FLOPS"),
        ("", "is a directory"),
    ],
)
def test_words_that_name_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("stray.safetensors").touch()
    Path("bad.json").write_text("{")
    for name in ("binary.json", "picture.png", "net.onnx", "net.pt2"):
        Path(name).write_bytes(b"\xff\xfe\x00")
    Path("list.json").write_text("[1]")
    Path("kind.json").write_text('{"kind": "house"}')
    Path("field.json").write_text('{"kind": "residual", "depths": ["one"], "channels": [1]}')
    with pytest.raises(InputError, match=message):
        resolve(text)


def test_a_member_that_is_not_there(finished_run: SearchResult) -> None:
    with pytest.raises(InputError, match="has no member 'best'"):
        resolve(f"{finished_run.path}:best")
    with pytest.raises(InputError, match="is a directory; for a member of a run write"):
        resolve(finished_run.path)
