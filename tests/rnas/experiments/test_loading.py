"""Networks with weights: published ones as the original repositories name them, and a run's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import rnas
from rnas.errors import InputError
from rnas.exports.network import find_network
from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.networks._exported import write_described
from rnas.networks.architecture import Shape
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.residual import widened
from rnas.networks.zoo import baselines, find
from tests.rnas.experiments.training.trainings import trained


@dataclass(frozen=True)
class Naming:
    """A network, the implementation whose names are used, and two of its names with ours."""

    network: str
    code: str
    pairs: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.network} of {self.code}"


pytestmark = pytest.mark.filterwarnings("ignore::rnas.errors.WeightsWarning")

RRN, HUANG, TRADES = "zhichao-lu/robust-residual-network", "HanxunH/RobustWRN", "yaodongyu/TRADES"
NAMINGS = [
    Naming(
        "wrn-34-r-gamma-0.25",
        HUANG,
        {
            "blocks.1.layer.0.convShortcut.weight": "blocks.1.layer.0.shortcut.0.weight",
            "bn1.running_var": "norm1.running_var",
        },
    ),
    Naming(
        "wrn-34-r-gamma-0.25",
        RRN,
        {"blocks.1.layer.0.shortcut.0.weight": "blocks.1.layer.0.shortcut.0.weight", "norm1.bias": "norm1.bias"},
    ),
    Naming(
        "wrn-34-r-gamma-0.25",
        TRADES,
        {
            "block2.layer.0.convShortcut.weight": "blocks.1.layer.0.shortcut.0.weight",
            "conv1.weight": "stem_conv.weight",
        },
    ),
    Naming(
        "robust-resnet-a1",
        RRN,
        {
            "blocks.2.layer.6.conv2.6.weight": "blocks.2.layer.6.conv2.6.weight",
            "blocks.0.layer.3.se.fc.2.weight": "blocks.0.layer.3.se.fc.2.weight",
        },
    ),
    Naming(
        "robust-res-block-d4-w10",
        RRN,
        {"blocks.0.layer.0.bn3.6.weight": "blocks.0.layer.0.bn3.6.weight", "fc.bias": "fc.bias"},
    ),
    Naming("vgg-11-r", HUANG, {"features.25.weight": "features.25.weight", "classifier.bias": "classifier.bias"}),
    Naming(
        "densenet-121-r",
        HUANG,
        {"stages.0.0.5.bn2.weight": "stages.0.0.5.bn2.weight", "stages.2.1.conv.weight": "stages.2.1.conv.weight"},
    ),
    Naming(
        "resnet-18",
        HUANG,
        {"layer4.0.shortcut.1.running_mean": "layer4.0.shortcut.1.running_mean", "linear.weight": "linear.weight"},
    ),
    Naming(
        "darts-r",
        HUANG,
        {
            "cells.4.preprocess0.conv_2.weight": "cells.4.preprocess0.conv_2.weight",
            "cells.10._ops.7.op.3.bias": "cells.10._ops.7.op.3.bias",
        },
    ),
    Naming(
        "amoebanet",
        "nutellamok/advrush",
        {"cells.6._ops.8.2.weight": "cells.6._ops.8.2.weight", "classifier.bias": "classifier.bias"},
    ),
    Naming(
        "pdarts",
        "nutellamok/advrush",
        {"cells.0._ops.1.op.2.weight": "cells.0._ops.1.op.2.weight", "classifier.bias": "classifier.bias"},
    ),
    Naming(
        "advrush",
        "nutellamok/advrush",
        {"stem.1.running_mean": "stem.1.running_mean", "cells.7._ops.0.op.7.weight": "cells.7._ops.0.op.7.weight"},
    ),
    Naming(
        "racl",
        "nutellamok/advrush",
        {
            "cells.6.preprocess1.op.1.weight": "cells.6.preprocess1.op.1.weight",
            "classifier.weight": "classifier.weight",
        },
    ),
    Naming(
        "robnet-free",
        "gmh14/RobNets",
        {
            "cells.0._ops.0.op.conv.op.1.weight": "cells.0._ops.0.op.conv.op.1.weight",
            "cells.6._ops.1.op.res.bn.running_var": "cells.6._ops.1.op.res.bn.running_var",
        },
    ),
]


def cases(largest: int) -> list[object]:
    """The namings, those of networks of more than a number of parameters marked slow."""
    return [
        pytest.param(n, id=str(n), marks=[pytest.mark.slow] if find(n.network).cost.params > largest else [])
        for n in NAMINGS
    ]


def test_every_implementation_of_every_family_is_here() -> None:
    # WideResNets stand in three families; all of basic blocks are one network class with one naming a repository.
    wide = {"wide-resnet": "robust-wrn", "robust-wrn": "robust-wrn"}
    released = {(wide.get(b.family, b.family), names.code) for b in baselines().values() for names in b.weight_names}
    assert released == {(wide.get(family, family), code) for family, code in map(family_and_code, NAMINGS)}


def family_and_code(naming: Naming) -> tuple[str, str]:
    return find(naming.network).family, naming.code


def filled(name: str, num_classes: int | None = None) -> nn.Module:
    """A network with random weights, those of normalisations too."""
    module = rnas.load(name, num_classes=num_classes)
    for tensor in module.state_dict().values():
        if tensor.dim() == 1:
            tensor.uniform_(0.5, 1.5)
    return module


def as_released(module: nn.Module, naming: Naming) -> dict[str, Tensor]:
    """The tensors by the names of an implementation."""
    (names,) = (names for names in find(naming.network).weight_names if names.code == naming.code)
    return {names.original(name): tensor for name, tensor in module.state_dict().items()}


def check_equal(found: nn.Module, expected: nn.Module, shape: Shape = (3, 32, 32)) -> None:
    """Equal outputs on a random image, and eval mode."""
    images = torch.rand(1, *shape)
    with torch.no_grad():
        assert torch.equal(found(images), expected(images))
    assert not any(part.training for part in found.modules())


@pytest.mark.parametrize("naming", cases(20_000_000))
def test_files_in_the_original_naming(naming: Naming, tmp_path: Path) -> None:
    module = filled(naming.network)
    tensors = as_released(module, naming)
    state = module.state_dict()
    for original, ours in naming.pairs.items():
        assert torch.equal(tensors[original], state[ours])
    path = tmp_path / "released.pth"
    wrapper = {RRN: "model_state_dict", HUANG: "model_state_dict"}.get(naming.code, "state_dict")
    torch.save({"epoch": 1, wrapper: {f"module.{name}": tensor for name, tensor in tensors.items()}}, path)
    # Small images do for all but the network that halves them five times.
    check_equal(rnas.load(naming.network, weights=path), module, (3, 32, 32) if "vgg" in str(naming) else (3, 8, 8))


@pytest.mark.parametrize("naming", cases(4_000_000))
def test_a_file_that_lacks_a_tensor_or_has_one_more_is_refused(naming: Naming, tmp_path: Path) -> None:
    tensors = as_released(rnas.load(naming.network), naming)
    first, second = naming.pairs
    tensors[f"{second}.more"] = tensors.pop(first)
    path = tmp_path / "released.safetensors"
    save_file(tensors, path)
    with pytest.raises(InputError) as error:
        rnas.load(naming.network, weights=path)
    classes = find(naming.network).num_classes
    assert str(error.value) == (
        f"{path} does not fit {naming.network} with {classes} classes: "
        f"1 missing ({first}), 1 unexpected ({second}.more)"
    )


def test_the_auxiliary_head_of_released_cells_is_left_out(tmp_path: Path) -> None:
    module = filled("advrush")
    path = tmp_path / "released.pth"
    torch.save({"state_dict": {**module.state_dict(), "auxiliary_head.classifier.bias": torch.zeros(10)}}, path)
    check_equal(rnas.load("advrush", path), module)


def test_a_network_is_built_for_the_images_of_its_weights(tmp_path: Path) -> None:
    small = widened((1, 1), (1, 1))
    (tmp_path / "net.json").write_text(arch.to_json(small))
    weights = tmp_path / "x.safetensors"
    described = {"architecture": arch.to_dict(small), "key": arch.key(small), "input_shape": [1, 8, 8]}
    write_described(weights, arch.build(small, 3, (1, 8, 8)).state_dict(), {**described, "num_classes": 3})
    assert rnas.load(tmp_path / "net.json", weights=weights)(torch.rand(2, 1, 8, 8)).shape == (2, 3)
    network = find_network(tmp_path / "net.json", weights)
    assert (network.input_shape, network.num_classes) == ((1, 8, 8), 3)
    rnas.load(tmp_path / "net.json", weights=weights, input_shape=[1, 8, 8])  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"input_shape 1x9x9: .* is of a network for 1x8x8 images"):
        rnas.load(tmp_path / "net.json", weights=weights, input_shape=(1, 9, 9))


def test_weights_for_other_classes(tmp_path: Path) -> None:
    path = tmp_path / "cifar100.safetensors"
    module = filled("resnet-18", num_classes=100)
    save_file(module.state_dict(), path)
    check_equal(rnas.load("resnet-18", path, num_classes=100), module)
    with pytest.raises(InputError, match="made for 100 classes, so give num_classes=100"):
        rnas.load("resnet-18", path)


@pytest.mark.slow
def test_weights_of_the_imagenet_network(tmp_path: Path) -> None:
    path = tmp_path / "imagenet.pth"
    module = filled("robnet-large-imagenet")
    torch.save({"state_dict": module.state_dict()}, path)
    check_equal(rnas.load("robnet-large-imagenet", path), module, (3, 224, 224))


def test_weights_are_new_without_a_file() -> None:
    first, second = (rnas.load("wrn-34-r-gamma-0.25") for _ in range(2))
    assert not torch.equal(first.stem_conv.weight, second.stem_conv.weight)
    torch.manual_seed(0)
    third = rnas.load("wrn-34-r-gamma-0.25")
    torch.manual_seed(0)
    check_equal(rnas.load("wrn-34-r-gamma-0.25"), third)


DIGITS = {
    "space": {"name": "robust-resnet", "base_channels": [4, 8, 16], "depths": [1], "widths": [1]},
    "evaluator": {
        "train": {
            "data": "digits",
            "images": {"train": 64, "search_val": 20, "test": 20},
            "fidelity": {"epochs": 1, "batch_size": 32, "attack_steps": 1, "attack_step": 1},
            "evaluation": {"steps": 1, "step": "1/2"},
        }
    },
    "strategy": "random",
    "budget": 1,
    "workers": 0,
}


def test_a_runs_own_checkpoints(tmp_path: Path) -> None:
    run = rnas.search(DIGITS, output=tmp_path / "run")
    key = run.complete[0].key
    path = run.path / "checkpoints" / f"{key}.safetensors"
    member = f"{run.path}:{key}"
    trained = rnas.load(path)
    check_equal(rnas.load(member, weights=path), trained, (1, 8, 8))
    check_equal(rnas.load(member), trained, (1, 8, 8))
    untrained = rnas.load(member, input_shape=(1, 16, 16))
    assert untrained(torch.rand(2, 1, 16, 16)).shape == (2, 10)
    assert not torch.equal(untrained.fc.weight, trained.fc.weight)


def test_a_trainings_own_checkpoints(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", {"name": "sat", "averaging": {"name": "ema", "decay": 0.9}}, epochs=1)
    path = run.best.path
    loaded = rnas.load(path)
    description = tmp_path / "run" / "architecture.json"
    check_equal(loaded, rnas.load(description, path, input_shape=(1, 8, 8)), (1, 8, 8))
    assert loaded.state_dict().keys() == load_file(path).keys()


def test_a_member_of_a_run_without_checkpoints(finished_run: SearchResult) -> None:
    module = rnas.load(f"{finished_run.path}:knee", num_classes=4, input_shape=(1, 16, 16))
    assert module(torch.rand(2, 1, 16, 16)).shape == (2, 4)


@pytest.mark.parametrize(
    ("num_classes", "input_shape"), [(0, (3, 32, 32)), (-1, (3, 32, 32)), (10, (3, 0, 32)), (10, (32, 32))]
)
def test_impossible_sizes(num_classes: int, input_shape: Shape) -> None:
    with pytest.raises(InputError, match="give whole numbers above zero"):
        rnas.load("resnet-18", num_classes=num_classes, input_shape=input_shape)


SHAPES: list[Shape] = [(1, 28, 28), (3, 31, 31), (3, 2, 2), (3, 33, 47), (3, 8, 8), (3, 7, 7), (3, 1, 1), (3, 64, 64)]
# The shapes of those above that a network cannot halve as often as it has to.
REFUSED: dict[str, list[Shape]] = {
    "wrn-34-r-gamma-0.25": [],
    "robust-resnet-a1": [],
    "resnet-18": [],
    "densenet-121-r": [(3, 2, 2), (3, 7, 7), (3, 1, 1)],
    "vgg-11-r": [shape for shape in SHAPES if min(shape[1:]) < 32],
    "darts-r": [(3, 31, 31), (3, 2, 2), (3, 33, 47), (3, 7, 7), (3, 1, 1)],
    "robnet-small-stand-in": [(3, 31, 31), (3, 2, 2), (3, 33, 47), (3, 7, 7), (3, 1, 1)],
}
# Of these networks a module takes a second to make.
MANY_LAYERS = {"robust-resnet-a1", "robnet-small-stand-in"}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param(
            name,
            shape,
            id=f"{name}-{shape}",
            marks=[pytest.mark.slow] if shape not in REFUSED[name] and (name in MANY_LAYERS or place > 2) else [],
        )
        for name in REFUSED
        for place, shape in enumerate(SHAPES)
    ],
)
def test_odd_images_give_logits_or_one_line(name: str, shape: Shape) -> None:
    network = find(name).network
    with torch.device("meta"):
        if shape in REFUSED[name]:
            with pytest.raises(InputError, match=r"cannot halve .*: give (images whose )?sides"):
                rnas.load(name, num_classes=7, input_shape=shape)
            with pytest.raises(InputError):
                network.cost(shape, 7)
            return
        module = rnas.load(name, num_classes=7, input_shape=shape)
    for training in (True, False):
        assert module.train(training)(torch.rand(2, *shape, device="meta")).shape == (2, 7)
    assert measured_cost(module, shape) == network.cost(shape, 7)
