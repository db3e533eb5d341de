"""Checkpoints as repositories publish them, made of random weights in modules that are written anew: equal logits."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import rnas
from rnas.data.loading import load_dataset
from rnas.data.splits import SplitSizes
from rnas.errors import InputError, WeightsWarning
from rnas.evaluation._image_flags import unpack
from rnas.evaluation.robustbench_entry import robustbench_entry
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.networks.darts_cells import doubling_network
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.residual import CIFAR10_MEAN, CIFAR10_STD, widened
from rnas.networks.weights import load_weights
from rnas.networks.zoo import find
from tests.rnas.networks.released_modules import AdvancedResNet, CellNetwork, TradesWideResNet, filled

State = dict[str, Tensor]
DEPTHS, WIDENINGS = (2, 2, 1), (2, 3, 1)
WIDTHS = tuple(base * widening for base, widening in zip((16, 32, 64), WIDENINGS, strict=True))
PLAIN = widened(DEPTHS, WIDENINGS)
ADVANCED = replace(find("wrn-a4-advanced").network, depths=PLAIN.depths, channels=PLAIN.channels)
ASSUMED = "The file of the weights does not say all of its network: activation "


def prefixed(state: State, prefix: str = "module.") -> State:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


def uncounted(state: State) -> State:
    """As old versions of torch stored it."""
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


def noise(state: State) -> State:
    return {name: torch.rand_like(tensor) if tensor.is_floating_point() else tensor for name, tensor in state.items()}


FORMS: Mapping[str, Callable[[State], Any]] = {
    "TRADES": prefixed,
    "TRADES of torch 0.4": lambda state: prefixed(uncounted(state)),
    "MART": lambda state: state,
    "AWP": lambda state: prefixed(state, "module.module."),
    "RST": lambda state: {"net": prefixed(state), "epoch": 200, "optimizer": {"state": {}, "param_groups": []}},
    "RobustBench": lambda state: {"state_dict": prefixed(state, "model."), "acc": np.array([0.5])},
    "averaged": lambda state: {"state_dict": noise(state), "ema_state_dict": state},
    "best and last": lambda state: {"last": noise(state), "best": prefixed(state)},
    "compiled": lambda state: {"model": prefixed(state, "_orig_mod.")},
    "average of torch": lambda state: {"n_averaged": torch.tensor(7), **prefixed(state)},
}


def written(folder: Path, architecture: Architecture) -> Path:
    path = folder / "net.json"
    path.write_text(json.dumps(arch.to_dict(architecture)))
    return path


def check_logits(found: nn.Module, released: nn.Module) -> None:
    """Compare logits in both precisions; in the higher one an error of names or of order cannot hide."""
    images = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(found(images), released(images), rtol=1e-4, atol=1e-5)
        images = images.double()
        torch.testing.assert_close(found.double()(images), released.double()(images), rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore::rnas.errors.WeightsWarning")
@pytest.mark.parametrize("form", FORMS)
def test_a_wide_resnet_in_the_form_and_naming_of_trades(form: str, tmp_path: Path) -> None:
    released = filled(TradesWideResNet(2, 2, never_run=form != "RobustBench"))
    torch.save(FORMS[form](released.state_dict()), tmp_path / "w.pt")
    check_logits(rnas.load(written(tmp_path, widened((2, 2, 2), (2, 2, 2))), weights=tmp_path / "w.pt"), released)


@pytest.mark.filterwarnings("ignore::rnas.errors.WeightsWarning")
@pytest.mark.parametrize("name", ["amoebanet", "nasnet", "pdarts", "advrush"])
def test_cells_in_the_naming_of_darts(name: str, tmp_path: Path) -> None:
    genotype = GENOTYPES[name]
    released = filled(CellNetwork(genotype.normal, genotype.reduction, 5, 4))
    auxiliary = {"auxiliary_head.classifier.bias": torch.zeros(10)}
    torch.save({"state_dict": {**released.state_dict(), **auxiliary}}, tmp_path / "w.pt")
    check_logits(rnas.load(written(tmp_path, doubling_network(genotype, 5, 4)), weights=tmp_path / "w.pt"), released)


@pytest.mark.parametrize("with_constants", [True, False])
def test_the_advanced_network_of_robustbench(with_constants: bool, tmp_path: Path) -> None:
    released = filled(AdvancedResNet(DEPTHS, WIDTHS, with_constants=with_constants))
    torch.save({"model_state_dict": prefixed(released.state_dict())}, tmp_path / "w.pt")
    with pytest.warns(WeightsWarning) as warned:
        found = rnas.load(written(tmp_path, ADVANCED), weights=tmp_path / "w.pt")
    check_logits(found, released)
    said = "silu and upsample 1 are" if with_constants else "silu, upsample 1 and normalize_input true are"
    assert str(warned[0].message).startswith(f"{ASSUMED}{said} assumed")


def test_the_plain_network_refuses_it_or_says_what_it_assumes(tmp_path: Path) -> None:
    network = find("wrn-a4")
    with torch.device("meta"):
        modules = [network.network.build(10, (3, 32, 32)) for _ in range(2)]
        shapes = AdvancedResNet((27, 28, 13), (160, 448, 384), with_constants=False).state_dict()
    # Values that take no memory, as the whole network is some 600 MB.
    state = {name: torch.zeros((), dtype=tensor.dtype).expand(tensor.shape) for name, tensor in shapes.items()}
    constants = AdvancedResNet(with_constants=True)
    with_constants = {name: constants.get_buffer(name) for name in ("mu", "sigma")}
    torch.save({**state, **with_constants}, tmp_path / "w.pt")
    given = tmp_path / "w.pt", network.weight_names, "wrn-a4", network.network
    with pytest.raises(InputError) as error:
        load_weights(modules[0], *given)
    assert str(error.value).endswith(
        "does not fit wrn-a4: its network normalises images by mean 0.4914, 0.4822, 0.4465 and deviation 0.2471, "
        "0.2435, 0.2616 (mu, sigma), and this one does not normalise them: name one that normalises as it does "
        "(normalize_input of a residual network), such as wrn-a4-advanced"
    )
    torch.save(state, tmp_path / "w.pt")
    with pytest.warns(UserWarning, match="meta"):
        (note,) = load_weights(modules[1], *given)
    assert note == f"{ASSUMED}relu, upsample 1 and normalize_input false are assumed; wrn-a4-advanced would also fit."


def test_an_evaluation_of_such_a_file_counts_what_the_released_network_gets_right(tmp_path: Path) -> None:
    released = filled(TradesWideResNet(1, 2))
    torch.save(prefixed(uncounted(released.state_dict())), tmp_path / "w.pt")
    pixels = torch.randint(256, (60, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        said = released(pixels / 255).argmax(1)
    # Every third image has another label than the network says.
    labels = (said + (torch.arange(60) % 3 == 0)) % 10
    splits = SplitSizes(search_val=4, test=40)
    data = replace(
        load_dataset("digits", None),
        name="noise",
        pixels=pixels,
        labels=labels,
        white=255,
        num_test_images=40,
        splits=splits,
    )
    network = written(tmp_path, widened((1, 1, 1), (2, 2, 2)))
    found = rnas.evaluate(network, weights=tmp_path / "w.pt", data=data, attacks=("fgsm",), flags=False, device="cpu")
    expected = (said == labels)[list(found.data.ids)]
    assert unpack(found.clean.right, 40).tolist() == expected.tolist()
    assert 20 < found.clean.correct < 40


def test_a_file_of_robustbench_that_normalises_is_evaluated_and_its_entry_written(tmp_path: Path) -> None:
    network = filled(TradesWideResNet(1, 1, never_run=False))
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (CIFAR10_MEAN, CIFAR10_STD))
    state = {**prefixed(network.state_dict(), "model."), "mu": mean, "sigma": deviation}
    torch.save({"state_dict": state}, tmp_path / "w.pt")
    architecture = replace(widened((1, 1, 1), (1, 1, 1)), normalize_input=True)
    described = written(tmp_path, architecture)
    with pytest.warns(WeightsWarning, match="relu and upsample 1 are assumed"):
        loaded = rnas.load(described, weights=tmp_path / "w.pt")
    images = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(loaded(images), network((images - mean) / deviation), rtol=1e-4, atol=1e-5)
    pixels = torch.randint(256, (20, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        # Wrong labels leave nothing to attack.
        wrong = (network((pixels / 255 - mean) / deviation).argmax(1) + 1) % 10
    splits = SplitSizes(search_val=2, test=8)
    data = replace(
        load_dataset("digits", None),
        name="cifar10",
        pixels=pixels,
        labels=wrong,
        white=255,
        num_test_images=8,
        splits=splits,
    )
    result = rnas.evaluate(
        described,
        weights=tmp_path / "w.pt",
        data=data,
        attacks=("autoattack-cascade",),
        eps="8/255",
        flags=False,
        device="cpu",
        output=tmp_path / "results",
    )
    entry = json.loads((tmp_path / "results" / "robustbench" / "net.json").read_text())
    assert (entry["dataset"], entry["threat_model"], entry["eps"]) == ("cifar10", "Linf", "8/255")
    assert entry["clean_acc"] is entry["autoattack_acc"] is None
    whole = {
        "data": result.data.model_copy(update={"images": 10_000}),
        "clean": result.clean.model_copy(update={"accuracy": 0.8512}),
        "attacks": (result.attacks[0].model_copy(update={"accuracy": 0.5}),),
    }
    entry = robustbench_entry("net", result.model_copy(update=whole))
    assert (entry["clean_acc"], entry["autoattack_acc"]) == ("85.12", "50.00")
