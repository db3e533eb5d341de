"""Files of weights: what is read, what is refused, and that nothing in them is run."""

import argparse
import json
import os
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.sources import ROBUST_RESNETS_NAMES, TRADES_NAMES
from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.networks.residual import ResidualNetwork, widened
from rnas.networks.resnet import ResNet
from rnas.networks.weight_names import Rename, WeightNames
from rnas.networks.weights import describe_weights, load_weights, read_weights
from tests.rnas.networks.released_modules import AdvancedResNet, TradesWideResNet, filled

NAMES = WeightNames(
    "someone/something", (Rename("head.", "2."), Rename("norm{}.", "{}.")), training_only=("auxiliary.",)
)


def network(classes: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, classes))


def original(module: nn.Module) -> dict[str, Tensor]:
    """Its tensors as the other implementation names them."""
    return {NAMES.original(name): tensor for name, tensor in module.state_dict().items()}


def equal(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def test_safetensors_are_known_by_their_content(path: Path) -> None:
    state = network().state_dict()
    save_file(state, path)
    assert equal(read_weights(path), state)


WRAPPERS = (None, "model_state_dict", "state_dict", "unaveraged_model_state_dict", "net", "model", "ema", "model_ema")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("wrapper", [*WRAPPERS, "best", "last", "module", "a_name_of_their_own"])
def test_state_dicts_are_unwrapped(path: Path, wrapper: str | None, zipped: bool) -> None:
    state = network().state_dict()
    content = state if wrapper is None else {"epoch": 3, wrapper: state, "optimizer_state_dict": None}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert equal(read_weights(path), state)


@pytest.mark.parametrize(
    ("good", "other", "said"),
    [
        ("model_state_dict", "unaveraged_model_state_dict", "which are averaged"),
        ("ema_state_dict", "state_dict", "which are averaged"),
        ("state_dict_ema", "state_dict", "which are averaged"),
        ("model_ema", "model", "which are averaged"),
        ("ema", "net", "which are averaged"),
        ("swa_state_dict", "best", "which are averaged"),
        ("best", "last", "The file has several weights: best is used, and not last."),
        ("state_dict", "proxy", "The file has several weights: state_dict is used, and not proxy."),
    ],
)
def test_averaged_and_best_weights_come_first_and_it_is_said(path: Path, good: str, other: str, said: str) -> None:
    preferred, last = network().state_dict(), network().state_dict()
    for content in ({good: preferred, other: last}, {other: last, good: preferred}):
        torch.save({"epoch": 1, **content}, path)
        assert equal(read_weights(path), preferred)
        (note,) = load_weights(network(), path)
        assert said in note


def test_averaged_weights_may_lie_deeper(path: Path) -> None:
    averaged, last = network().state_dict(), network().state_dict()
    torch.save({"state_dict": last, "ema": {"decay": 0.99, "shadow": averaged}}, path)
    assert equal(read_weights(path), averaged)


def test_of_several_unknown_weights_none_is_guessed(path: Path) -> None:
    torch.save({"teacher": network().state_dict(), "student": network().state_dict()}, path)
    with pytest.raises(InputError, match=r"holds several state dicts \(teacher, student\): save the one"):
        read_weights(path)


@pytest.mark.parametrize("prefix", ["module.", "module.module.", "model.", "_orig_mod.", "module._orig_mod.", "1.net."])
def test_prefixes_of_wrapping_modules_are_dropped(path: Path, prefix: str) -> None:
    source, target = network(), network()
    torch.save({f"{prefix}{name}": tensor for name, tensor in original(source).items()}, path)
    load_weights(target, path, (NAMES,))
    assert equal(target.state_dict(), source.state_dict())


def test_the_average_of_torch_itself(path: Path) -> None:
    averaged = torch.optim.swa_utils.AveragedModel(network())
    target = network()
    torch.save(averaged.state_dict(), path)
    load_weights(target, path)
    assert equal(target.state_dict(), averaged.module.state_dict())


def test_counters_of_batches_are_not_needed(path: Path) -> None:
    source, target = network(), network()
    torch.save({name: tensor for name, tensor in source.state_dict().items() if "num_batches" not in name}, path)
    load_weights(target, path)
    assert torch.equal(target.get_parameter("0.weight"), source.get_parameter("0.weight"))


def quantised(tensor: Tensor) -> Tensor:
    return torch.quantize_per_tensor(tensor.detach(), 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensor: (tensor * 10).to(torch.int8), "0.weight holds int8, and the network computes with"),
        (lambda tensor: tensor > 0, "0.weight holds bool, and the network computes with"),
        (lambda tensor: torch.complex(tensor, tensor), "0.weight is complex; give a file of dense"),
        (lambda tensor: tensor.to("meta"), r"0.weight is without values \(on the meta device\)"),
        (lambda tensor: tensor.to_sparse(), "0.weight is sparse; give"),
        (quantised, "0.weight is quantised; give"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # torch warns of its own sparse and quantised tensors.
def test_tensors_of_other_types_are_refused(path: Path, change: Any, message: str) -> None:
    state = network().state_dict()
    state["0.weight"] = change(state["0.weight"])
    torch.save(state, path)
    with pytest.raises(InputError, match=message) as error:
        load_weights(network(), path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_converted(path: Path, dtype: torch.dtype) -> None:
    torch.save({name: tensor.to(dtype) for name, tensor in network().state_dict().items()}, path)
    target = network()
    load_weights(target, path)
    assert target.get_parameter("0.weight").dtype == torch.float32


def loaded(architecture: Architecture, path: Path) -> tuple[nn.Module, tuple[str, ...]]:
    module = architecture.build(10, (3, 8, 8))
    notes = load_weights(module, path, (ROBUST_RESNETS_NAMES, TRADES_NAMES), "net", architecture)
    return module.eval(), notes


def check_logits(found: nn.Module, expected: nn.Module) -> None:
    images = torch.rand(4, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(found(images), expected(images), rtol=1e-5, atol=1e-5)


def test_weights_in_the_naming_of_trades_give_the_logits_of_its_network(path: Path) -> None:
    released = filled(TradesWideResNet())
    torch.save({f"module.{name}": tensor for name, tensor in released.state_dict().items()}, path)
    module, notes = loaded(widened((1, 1, 1), (1, 1, 1)), path)
    check_logits(module, released)
    assert notes == (
        "The file of the weights does not say all of its network: activation relu, upsample 1 and "
        "normalize_input false are assumed.",
    )


PLAIN = widened((1, 1, 1), (1, 1, 1))
ADVANCED = ResidualNetwork(PLAIN.depths, PLAIN.channels, (Block(activation="silu"),), normalize_input=True)


@pytest.mark.parametrize("with_constants", [True, False])
def test_an_advanced_network_loads_into_its_own_form(path: Path, with_constants: bool) -> None:
    released = filled(AdvancedResNet(with_constants=with_constants))
    torch.save({"model_state_dict": released.state_dict()}, path)
    module, (note,) = loaded(ADVANCED, path)
    check_logits(module, released)
    assert "activation silu" in note
    assert ("normalize_input true" in note) is not with_constants


def test_an_advanced_network_is_refused_by_the_plain_one_where_the_file_tells(path: Path) -> None:
    torch.save(filled(AdvancedResNet(with_constants=True)).state_dict(), path)
    with pytest.raises(InputError) as error:
        loaded(PLAIN, path)
    assert "its network normalises images by mean 0.4914, 0.4822, 0.4465 and deviation 0.2471" in str(error.value)
    assert "normalize_input" in str(error.value)
    torch.save(filled(AdvancedResNet(with_constants=False)).state_dict(), path)
    _, (note,) = loaded(PLAIN, path)
    assert "activation relu, upsample 1 and normalize_input false are assumed" in note


class Normalizing(nn.Module):
    """Normalises its images by constants that are among its weights, or not."""

    def __init__(self, channels: int, *, persistent: bool) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((channels, 1, 1), 0.5), persistent)
        self.register_buffer("std", torch.full((channels, 1, 1), 0.25), persistent)
        self.conv = nn.Conv2d(channels, 2, 3)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_constants_among_the_weights_of_a_network_are_read(path: Path, prefix: str) -> None:
    written, target = Normalizing(3, persistent=True), Normalizing(3, persistent=True)
    written.get_buffer("mean").fill_(0.4)
    torch.save({f"{prefix}{name}": tensor for name, tensor in written.state_dict().items()}, path)
    load_weights(target, path)
    assert equal(target.state_dict(), written.state_dict())


def test_constants_of_another_number_of_channels_are_another_normalisation(path: Path) -> None:
    target = Normalizing(3, persistent=False)
    constants = {"0.mean": torch.full((2,), 0.5), "0.std": torch.full((2,), 0.25)}
    torch.save({**constants, **target.state_dict()}, path)
    with pytest.raises(InputError, match=r"normalises images by mean 0\.5, 0\.5 and deviation 0\.25, 0\.25"):
        load_weights(target, path)
    torch.save({"0.mean": torch.tensor([0.5]), "0.std": torch.tensor([0.25]), **target.state_dict()}, path)
    assert load_weights(target, path) == ()


def test_nothing_is_assumed_of_a_field_that_a_network_does_not_have(path: Path) -> None:
    architecture = ResNet("basic", (1, 1), (2, 2))
    torch.save(architecture.build(10, (3, 8, 8)).state_dict(), path)
    assert loaded(architecture, path)[1] == ()


def test_what_stands_before_a_network_in_a_sequence_is_said(path: Path) -> None:
    state = filled(AdvancedResNet(with_constants=False)).state_dict()
    torch.save({f"module.1.{name}": tensor for name, tensor in state.items()}, path)
    _, (_, note) = loaded(PLAIN, path)
    assert note.startswith("The network in the file is part 1 of a sequence")
    torch.save({f"0.{name}": tensor for name, tensor in state.items()}, path)
    assert len(loaded(PLAIN, path)[1]) == 1


def states(network: ResidualNetwork) -> dict[str, torch.Size]:
    with torch.device("meta"):
        return {name: tensor.shape for name, tensor in arch.build(network, 4, (3, 8, 8)).state_dict().items()}


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("squeeze_excitation", {"squeeze_excitation": "standard"}, {"squeeze_excitation": "conv3x3"}),
        ("normalization", {"normalization": "group"}, {"normalization": "layer"}),
        ("order", {"normalization": "instance"}, {"normalization": "instance", "order": "post"}),
        ("first_input", {"topology": "bottleneck"}, {"topology": "bottleneck", "first_input": "activated"}),
        ("equal_width_shortcut", {}, {"equal_width_shortcut": "raw"}),
    ],
)
def test_fields_of_a_block_that_weights_do_not_show_are_said(
    field: str, one: dict[str, str], other: dict[str, str]
) -> None:
    pair = [ResidualNetwork((1, 1), (16, 16), (Block(**fields),)) for fields in (one, other)]
    assert states(pair[0]) == states(pair[1])
    assert [network.not_in_weights.get(field) for network in pair] == [
        getattr(network.blocks[0], field) for network in pair
    ]


@pytest.mark.parametrize("key", ["ema-model", "netEMA", "state_dict.shadow", "model_average", "polyak", "wa"])
def test_averaged_weights_are_taken_under_every_usual_key(path: Path, key: str) -> None:
    state = filled(AdvancedResNet(with_constants=False)).state_dict()
    torch.save({"state_dict": {name: torch.zeros_like(t) for name, t in state.items()}, key: state}, path)
    _, notes = loaded(PLAIN, path)
    assert notes[0] == f"The file has several weights: {key} is used, which are averaged, and not state_dict."


@pytest.mark.parametrize(
    "changes",
    [
        {"input_shape": 8},
        {"input_shape": ["a", 8, 8]},
        {"input_shape": [8]},
        {"num_classes": "3"},
        {"weights": [1]},
        {"key": 5},
        {"architecture": "x"},
    ],
)
def test_what_is_no_description_of_weights_is_not_read(path: Path, changes: dict[str, Any]) -> None:
    described = {"architecture": arch.to_dict(PLAIN), "key": arch.key(PLAIN), "input_shape": [3, 8, 8]}
    for content, known in ((described, True), ({**described, **changes}, False)):
        torch.save({"state_dict": network().state_dict(), "provenance": json.dumps(content)}, path)
        assert (describe_weights(path) is not None) is known


def test_weights_under_unknown_keys_are_said(path: Path) -> None:
    state = filled(AdvancedResNet(with_constants=False)).state_dict()
    torch.save({"state_dict": state, "teacher": state}, path)
    assert loaded(PLAIN, path)[1][0] == "The file has several weights: state_dict is used, and not teacher."


def test_other_constants_of_normalisation_are_refused(path: Path) -> None:
    state = filled(AdvancedResNet(with_constants=True)).state_dict()
    torch.save({**state, "mu": torch.full((3, 1, 1), 0.5)}, path)
    with pytest.raises(InputError, match=r"mean 0.5, 0.5, 0.5 .*, and this one has other values"):
        loaded(ADVANCED, path)
    # A wrapper that changes nothing does not count.
    unchanged = {"normalize.mean": torch.zeros(3), "normalize.std": torch.ones(3)}
    wrapped = {f"model.{name}": tensor for name, tensor in state.items() if name not in ("mu", "sigma")}
    torch.save({**unchanged, **wrapped}, path)
    loaded(PLAIN, path)


def test_counters_of_a_profiler_are_left_out(path: Path) -> None:
    state = network().state_dict()
    torch.save({**state, "total_ops": torch.zeros(1), "0.total_params": torch.zeros(1)}, path)
    assert equal(read_weights(path), state)


class CosineLRScheduler:
    """As one released training code has it, with the optimizer inside."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        self.last_epoch = 7


@pytest.mark.parametrize("zipped", [True, False])
def test_what_released_training_code_keeps_beside_its_weights(
    path: Path, zipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = network()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    sum(parameter.sum() for parameter in module.parameters()).backward()
    optimizer.step()
    monkeypatch.setitem(sys.modules, "lr_scheduler", types.ModuleType("lr_scheduler"))
    monkeypatch.setattr(CosineLRScheduler, "__module__", "lr_scheduler")
    monkeypatch.setattr(sys.modules["lr_scheduler"], "CosineLRScheduler", CosineLRScheduler, raising=False)
    content = {
        "epoch": 99,
        "model_state_dict": module.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "ENV": {"flops": np.float64(5.1), "best": np.int64(3), "loss": torch.tensor(1.0), "history": [(1, 2.0)]},
        "confusion": np.eye(3),
        "labels": np.arange(3),
        "names": np.array(["cat", "dog"]),
        "mixed": np.array([1, "a", None], dtype=object),
        "half": np.zeros(2, np.float16),
        "args": argparse.Namespace(lr=0.1, out=Path("here")),
        # torch's own schedule, in the versions that released weights were made with.
        "scheduler_state_dict": {"anneal_func": torch.optim.lr_scheduler.OneCycleLR._annealing_cos},
        "scheduler": CosineLRScheduler(optimizer),
    }
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    monkeypatch.delitem(sys.modules, "lr_scheduler")
    assert equal(read_weights(path), module.state_dict())


class Reduced:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call

    def __call__(self) -> None:
        """The pickler wants something callable where a call is a function."""


def attacks(marker: Path) -> dict[str, Any]:
    """Objects that would make a file if they were unpickled."""
    return {
        "os": Reduced(os.system, f"touch {marker}"),
        "eval": Reduced(eval, f"open({str(marker)!r}, 'w')"),
        "exec": Reduced(exec, f"open({str(marker)!r}, 'w')"),
        # getattr is read, since schedules have it, but gives nothing that can be called.
        "getattr": Reduced(Reduced(getattr, Path, "touch"), marker),
        "nested": Reduced(getattr, Reduced(os.system, f"touch {marker}"), "real"),
        "scheduler": OrderedDict(state=Reduced(np.load, str(marker))),
    }


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", attacks(Path()))
def test_code_is_refused_and_not_run(path: Path, tmp_path: Path, kind: str, zipped: bool) -> None:
    marker = tmp_path / "run"
    torch.save(
        {"state_dict": network().state_dict(), "more": attacks(marker)[kind]},
        path,
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(InputError) as error:
        read_weights(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "refused: it holds " in message or "neither safetensors nor" in message
    assert "\n" not in message
    assert not marker.exists()


def test_the_code_in_a_refused_file_is_named(path: Path) -> None:
    torch.save({"state_dict": network().state_dict(), "more": Reduced(os.system, "true")}, path)
    with pytest.raises(InputError, match=r"refused: it holds (posix|nt)\.system, which is code, not weights"):
        read_weights(path)


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.filterwarnings("error")
def test_bare_pickles_are_not_run_either(path: Path, tmp_path: Path, protocol: int) -> None:
    marker = tmp_path / "run"
    path.write_bytes(pickle.dumps(attacks(marker)["os"], protocol))
    with pytest.raises(InputError):
        read_weights(path)
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"not weights at all", b"\x10" + 7 * b"\x00" + b'{"a": broken }  '])
def test_other_files_are_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.pth: (neither|not readable)"):
        read_weights(path)


@pytest.mark.parametrize("content", [{}, [1, 2], {"epoch": 3}, {"state_dict": {"a": 1}}, torch.zeros(2)])
def test_files_without_a_state_dict_are_refused(path: Path, content: Any) -> None:
    torch.save(content, path)
    with pytest.raises(InputError, match="holds no state dict"):
        read_weights(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    for name, reason in (("nothing", "No such file"), ("", "it is a folder")):
        with pytest.raises(InputError, match=f"{name}: cannot be read .{reason}"):
            read_weights(tmp_path / name)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("naming", ["ours", "theirs"])
def test_all_weights_are_loaded_by_either_naming(path: Path, naming: str, prefix: str) -> None:
    source, target = network(), network()
    tensors = source.state_dict() if naming == "ours" else {**original(source), "auxiliary.weight": torch.zeros(2)}
    torch.save({f"{prefix}{name}": tensor for name, tensor in tensors.items()}, path)
    load_weights(target, path, (NAMES,))
    assert equal(target.state_dict(), source.state_dict())


def refusal(module: nn.Module, path: Path) -> str:
    """The message, after which the network must be as it was."""
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(InputError) as error:
        load_weights(module, path, (NAMES,), "net")
    assert equal(module.state_dict(), before)
    return str(error.value)


def test_missing_and_unexpected_names_are_told_as_the_file_has_them(path: Path) -> None:
    tensors = original(network())
    tensors["extra"] = tensors.pop("head.bias")
    torch.save(tensors, path)
    assert refusal(network(), path) == f"{path} does not fit net: 1 missing (head.bias), 1 unexpected (extra)"


def test_of_many_names_a_few_are_told(path: Path) -> None:
    torch.save({f"layer{number}": torch.zeros(1) for number in range(9)}, path)
    assert "9 unexpected (layer0, layer1, layer2, ...)" in refusal(network(), path)


def test_shapes_are_told(path: Path) -> None:
    tensors = network().state_dict()
    tensors["0.weight"] = torch.zeros(2, 1, 5, 5)
    torch.save(tensors, path)
    assert refusal(network(), path).endswith("1 of another shape (0.weight (2, 1, 5, 5) instead of (2, 1, 3, 3))")


def test_another_number_of_classes_is_recognised(path: Path) -> None:
    torch.save(original(network(100)), path)
    message = refusal(network(10), path)
    assert "head.weight (100, 2) instead of (10, 2)" in message
    assert message.endswith("it was made for 100 classes, so give num_classes=100")


def test_two_tensors_of_one_name_are_one_too_many(path: Path) -> None:
    tensors = original(network())
    torch.save({**tensors, "module.head.bias": tensors["head.bias"] + 1}, path)
    assert refusal(network(), path).endswith("1 unexpected (module.head.bias)")


def test_namings_are_not_mixed(path: Path) -> None:
    tensors = original(network())
    tensors["2.bias"] = tensors.pop("head.bias")
    torch.save(tensors, path)
    assert refusal(network(), path).endswith("1 missing (head.bias), 1 unexpected (2.bias)")


@given(st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_only_the_exact_set_of_tensors_fits(path: Path, data: st.DataObject) -> None:
    tensors = original(network())
    dropped = data.draw(st.sets(st.sampled_from(sorted(tensors))))
    added = data.draw(st.sets(st.text("ab.", min_size=1, max_size=3), max_size=2))
    changed = {name: tensor for name, tensor in tensors.items() if name not in dropped}
    torch.save({**changed, **dict.fromkeys(added, torch.zeros(1))}, path)
    if dropped or added:
        message = refusal(network(), path)
        assert "\n" not in message
    else:
        load_weights(network(), path, (NAMES,))
