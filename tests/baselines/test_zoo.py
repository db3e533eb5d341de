"""Every published network: counts of the released code, printed sizes, budgets, names of weights, training."""

import csv
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines import (
    advrush,
    botnet,
    cct,
    ceit,
    coatnet,
    cvt,
    darts_r,
    densenet_r,
    levit,
    mlp_mixer,
    mobilevit,
    poolformer,
    pre_activation,
    pvt,
    racl,
    resnet,
    resnext,
    robnet,
    robust_res_block,
    robust_resnet,
    robust_wrn,
    swin,
    vgg_r,
    vit,
    vitae,
    wide_resnet,
)
from baselines.sources import ADVRUSH_CODE, ROBNET_CODE, ROBUST_RESNETS_CODE, ROBUST_WRN_CODE
from rnas.networks.architecture import from_json, to_json
from rnas.networks.residual import ResidualNetwork
from rnas.networks.robust_scaling import RobustScaling
from rnas.networks.weights import load_weights
from rnas.networks.zoo import Baseline, Published, baselines, same_weights
from tests.rnas.networks.released_modules import filled

FAMILIES = (
    advrush,
    botnet,
    cct,
    ceit,
    coatnet,
    cvt,
    darts_r,
    densenet_r,
    levit,
    mlp_mixer,
    mobilevit,
    poolformer,
    pre_activation,
    pvt,
    racl,
    resnet,
    resnext,
    robnet,
    robust_res_block,
    robust_resnet,
    robust_wrn,
    swin,
    vgg_r,
    vit,
    vitae,
    wide_resnet,
)
ZOO: dict[str, Baseline] = {baseline.name: baseline for family in FAMILIES for baseline in family.BASELINES}
COUNTS = list(csv.DictReader(Path(__file__).with_name("zoo_counts.csv").read_text().splitlines()))
WITHOUT_RELEASED_CODE = {"robnet-small-stand-in", "robnet-medium-stand-in"} | {
    f"robust-resnet-a{size}-paper-text" for size in (1, 2, 3, 4)
}
BUDGETS = [10**9, 5 * 10**9, 10**10, 2 * 10**10, 4 * 10**10]


def test_every_network_is_found_by_its_name() -> None:
    assert baselines() == ZOO


def test_every_released_network_has_its_counts_here() -> None:
    assert {row["name"] for row in COUNTS} == set(ZOO) - WITHOUT_RELEASED_CODE


@pytest.mark.parametrize("row", COUNTS, ids=lambda row: f"{row['name']}-{row['classes']}")
def test_counts_of_the_released_code(row: dict[str, str]) -> None:
    side, classes = int(row["side"]), int(row["classes"])
    baseline = ZOO[row["name"]]
    cost = baseline.architecture(classes).cost((3, side, side), classes)
    assert cost.params == int(row["params"])
    if row["flops"]:
        assert cost.flops == int(row["flops"])
    if classes == baseline.num_classes:
        assert baseline.cost == cost


@pytest.mark.parametrize("name", [name for name in ZOO if ZOO[name].published])
def test_printed_sizes_are_those_of_the_network_or_have_a_note(name: str) -> None:
    baseline = ZOO[name]
    for row in baseline.published:
        classes = {"cifar10": 10, "cifar100": 100, "imagenet": 1000}[row.dataset]
        cost = baseline.network.cost(baseline.input_shape, classes)
        # One table prints the size once for both data sets, that of 10 classes.
        sizes = [cost.params, baseline.cost.params]
        if row.params is not None and not row.note:
            assert any(agrees(size / 1e6, row.params) for size in sizes), row
        if row.flops is not None and not row.note:
            # #F of the papers also counts normalisations and pools, up to half a percent.
            assert baseline.cost.flops / 1e9 <= float(row.flops) + half_digit(row.flops), row
            assert baseline.cost.flops / 1e9 * 1.005 >= float(row.flops) - half_digit(row.flops), row


def agrees(value: float, printed: str) -> bool:
    """Whether a value, rounded as the printed one is, is that one."""
    return abs(value - float(printed)) <= half_digit(printed)


def half_digit(printed: str) -> float:
    """Half a unit of the last digit printed."""
    return 0.5 / 10 ** len(printed.partition(".")[2])


def test_printed_accuracies_are_percentages_that_attacks_lower() -> None:
    for baseline in ZOO.values():
        for row in baseline.published:
            values = [a.mean for a in (row.clean, row.pgd20, row.cw40, row.autoattack) if a is not None]
            assert all(10 < value < 100 for value in values)
            assert values == sorted(values, reverse=True), (baseline.name, row)


def rows(name: str, dataset: str, source: str) -> list[Published]:
    return [row for row in ZOO[name].published if row.dataset == dataset and source in row.source]


def test_rows_of_the_comparison_of_architectures() -> None:
    (row,) = rows("advrush-7@96", "cifar100", "CVPR 2023")
    assert (row.clean.mean, row.clean.spread, row.autoattack.mean, row.autoattack.spread) == (56.40, 0.09, 25.27, 0.02)
    (row,) = rows("robust-resnet-a1", "cifar10", "CVPR 2023")
    assert (row.params, row.flops, row.pgd20.mean, row.pgd20.spread) == ("19.2", "5.11", 58.74, None)
    assert "58.47" in row.note
    best, last = (r for r in rows("wrn-34-r", "cifar100", "NeurIPS 2021") if r.training.startswith("MART"))
    assert (best.clean.mean, best.pgd20.mean, best.autoattack.mean) == (58.27, 34.12, 28.63)
    assert (last.clean.mean, last.pgd20.mean, last.autoattack.mean) == (61.72, 29.94, 25.60)


# RobustScaling takes a second or so for all budgets, and several networks share one.
ONE_OF_EACH_SCALING = {id(baseline.scaling): name for name, baseline in ZOO.items() if baseline.num_classes == 10}


@pytest.mark.parametrize("name", ONE_OF_EACH_SCALING.values())
def test_every_network_comes_within_five_percent_of_every_budget(name: str) -> None:
    for flops in BUDGETS:
        scaled = ZOO[name].scaled_to(flops)
        assert scaled.flops == scaled.architecture.cost((3, 32, 32), 10).flops
        assert abs(scaled.deviation) <= 0.05, scaled.setting


def test_settings_of_the_papers_at_their_budgets() -> None:
    assert ZOO["robust-resnet-a1"].scaled_to(5 * 10**9).architecture == ZOO["robust-resnet-a1"].network
    assert ZOO["wrn-a1"].scaled_to(5 * 10**9).architecture == ZOO["wrn-a1"].network
    # Of the printed FLOPs; of 5 G itself one channel more is nearer.
    assert ZOO["advrush-7@96"].scaled_to(4_970_000_000).setting == "C of N@C = 96"
    assert ZOO["racl-7@104"].scaled_to(4_930_000_000).setting == "C of N@C = 104"
    assert ZOO["advrush-7@96"].scaled_to(5 * 10**9).setting == "C of N@C = 97"


@pytest.mark.parametrize(("name", "flops"), [("a2", 10), ("a3", 20), ("a4", 40)])
def test_the_found_setting_beats_the_printed_one(name: str, flops: int) -> None:
    baseline = ZOO[f"robust-resnet-{name}"]
    scaling = baseline.scaling
    assert isinstance(scaling, RobustScaling)
    target = flops * 10**9
    found = baseline.scaled_to(target).architecture
    printed = wide_resnet.COMPOUND_SCALINGS[name]
    widths = tuple(c // base for c, base in zip(found.channels, (16, 32, 64), strict=True))
    better, worse = (scaling.setting(*s, target, (3, 32, 32), 10).objective for s in ((found.depths, widths), printed))
    assert better < worse < 0.03


@pytest.mark.parametrize("name", ["vgg-11", "densenet-121", "resnet-18", "resnet-50", "wrn-28-10", "wrn-34-r"])
def test_robust_scaling_of_other_networks(name: str) -> None:
    scaling = ZOO[name].robust_scaling
    assert scaling is not None
    assert "r_D 0.7" in scaling.description
    for flops in (10**9, 5 * 10**9):
        assert abs(scaling.nearest(flops, (3, 32, 32), 10).deviation) <= 0.05


def test_advanced_networks_differ_from_plain_ones_in_what_weights_do_not_show() -> None:
    assert same_weights(ZOO["wrn-a4"].network) == ["wrn-a4-advanced"]
    assert same_weights(ZOO["robust-resnet-a1-advanced"].network) == ["robust-resnet-a1"]
    assert ZOO["wrn-a4-advanced"].network.not_in_weights == {
        "activation": "silu",
        "upsample": "1",
        "normalize_input": "true",
    }
    assert ZOO["robust-resnet-a2-advanced"].network.not_in_weights == {
        "activation": "silu",
        "first_input": "raw",
        "squeeze_excitation": "residual",
        "upsample": "1",
        "normalize_input": "false",
    }
    (row,) = ZOO["wrn-a4-advanced"].published
    assert (row.clean.mean, row.autoattack.mean) == (91.58, 65.79)
    (row,) = ZOO["robust-resnet-a1-advanced"].published
    assert row.autoattack.mean == 63.70


@pytest.mark.parametrize("name", ZOO)
def test_json_round_trip(name: str) -> None:
    assert from_json(to_json(ZOO[name].network)) == ZOO[name].network


# Of each naming two tensors as the released files call them.
ORIGINAL_NAMES = {
    "advrush": ["stem.1.running_mean", "cells.7._ops.0.op.7.weight"],
    "amoebanet": ["cells.6._ops.8.1.weight", "cells.13._ops.8.3.running_var"],
    "pdarts": ["cells.0.preprocess1.op.2.running_mean", "cells.19._ops.7.op.3.bias"],
    "racl": ["cells.6.preprocess1.op.1.weight", "classifier.bias"],
    "darts-r": ["cells.4.preprocess0.conv_2.weight", "cells.10._ops.7.op.3.bias"],
    "robnet-free": ["cells.19._ops.13.op.conv.op.7.running_mean", "cells.0.preprocess0.op.1.weight"],
    "robnet-large": ["cells.0._ops.0.op.conv.op.1.weight", "cells.6._ops.1.op.res.bn.running_var"],
    "robnet-large-imagenet": ["stem0.3.weight", "stem1.2.bias"],
    "vgg-11-r": ["features.25.weight", "features.26.running_mean"],
    "densenet-121": ["stages.0.0.5.bn2.weight", "stages.2.1.conv.weight"],
    "resnet-18": ["layer4.1.bn2.weight", "layer2.0.shortcut.1.running_var"],
    "resnet-50": ["layer1.0.shortcut.0.weight", "linear.weight"],
    "wrn-34-r": ["blocks.0.layer.0.convShortcut.weight", "bn1.running_mean"],
    "wrn-28-10": ["blocks.2.layer.3.bn2.bias", "norm1.num_batches_tracked"],
    "wrn-a1": ["blocks.0.layer.0.shortcut.0.weight", "fc.weight"],
    "robust-resnet-a1-advanced": ["stem_conv.weight", "blocks.0.layer.3.bn3.2.weight"],
    "robust-resnet-a1": ["blocks.1.layer.0.conv2.6.weight", "blocks.2.layer.6.se.fc.2.weight"],
    "bottleneck-residual-se-64-d11-w16": ["blocks.0.layer.0.bn3.weight", "blocks.0.layer.0.shortcut.0.weight"],
}


@pytest.mark.parametrize("name", ORIGINAL_NAMES)
def test_names_of_published_weights(name: str) -> None:
    baseline = ZOO[name]
    with torch.device("meta"):
        ours = list(baseline.network.build(baseline.num_classes, baseline.input_shape).state_dict())
    for original in ORIGINAL_NAMES[name]:
        assert baseline.weight_names[0].ours(original) in ours
    for names in baseline.weight_names:
        originals = [names.original(tensor) for tensor in ours]
        assert len(set(originals)) == len(ours)
        assert [names.ours(original) for original in originals] == ours


# The smallest member of each family, by the code that released weights of the family.
NAMINGS = {
    (baseline.family, names.code): baseline
    for baseline in sorted(ZOO.values(), key=lambda baseline: -baseline.cost.params)
    for names in baseline.weight_names
}
OPTIMIZER = {"optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 0.1}]}, "epoch": 100}


def released(code: str, state: dict[str, Tensor]) -> dict[str, Any]:
    """What a file of this code holds: wrappers, prefixes, parts that are never run, and other weights."""
    last = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
    parallel = {f"module.{name}": tensor for name, tensor in state.items()}
    return {
        ROBUST_RESNETS_CODE: {"model_state_dict": state, "unaveraged_model_state_dict": last, **OPTIMIZER},
        ROBUST_WRN_CODE: {"model_state_dict": parallel, "ENV": {"best_pgd_acc": np.float64(0.5)}, **OPTIMIZER},
        "yaodongyu/TRADES": {
            **{name: tensor for name, tensor in parallel.items() if not name.endswith("num_batches_tracked")},
            "module.sub_block1.layer.0.conv1.weight": torch.ones(2),
        },
        ROBNET_CODE: {"state_dict": parallel, "best_prec": torch.tensor(50.0), **OPTIMIZER},
        ADVRUSH_CODE: {"state_dict": {**state, "auxiliary_head.classifier.weight": torch.ones(2)}, **OPTIMIZER},
    }[code]


@pytest.mark.parametrize(("family", "code"), NAMINGS)
def test_weights_in_the_form_and_names_of_each_code_give_their_logits(family: str, code: str, tmp_path: Path) -> None:
    baseline = NAMINGS[family, code]
    network = baseline.network
    if isinstance(network, ResidualNetwork):
        network = replace(network, depths=(1, 2, 1), channels=(32, 64, 128))
    source = filled(network.build(10, (3, 32, 32)))
    (names,) = (names for names in baseline.weight_names if names.code == code)
    path = tmp_path / "weights.pth"
    torch.save(released(code, {names.original(name): tensor for name, tensor in source.state_dict().items()}), path)
    target = network.build(10, (3, 32, 32)).eval()
    notes = load_weights(target, path, baseline.weight_names, baseline.name, network)
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(target(images), source(images))
    averaged = "model_state_dict is used, which are averaged, and not unaveraged_model_state_dict"
    assert any(averaged in note for note in notes) is (code == ROBUST_RESNETS_CODE)


def test_the_auxiliary_head_of_cells_is_left_out() -> None:
    assert ZOO["advrush"].weight_names[0].ours("auxiliary_head.features.2.weight") is None


SIZES = {"depths", "channels", "stem_width", "layers", "stem_channels", "growth", "stages", "codes"}


def structure(baseline: Baseline) -> tuple[Any, ...]:
    """What decides which code a network runs: all but its depth and width, and the edges of its cells of RobNet."""
    network = baseline.network
    return network.kind, *(getattr(network, field.name) for field in fields(network) if field.name not in SIZES)


# Of networks that differ in their size alone, the smallest is built; counts are of all.
BUILT = {structure(baseline): name for name, baseline in sorted(ZOO.items(), key=lambda item: -item[1].cost.flops)}
SMALL = {"wrn-34-r-gamma-0.25", "vgg-11-r", "robnet-small-stand-in", "densenet-121-r", "resnet-18", "racl", "pdarts"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SMALL else [pytest.mark.slow]) for name in BUILT.values()]
)
def test_forward_and_backward(name: str) -> None:
    baseline = ZOO[name]
    # Shapes and gradients of the largest networks are followed without numbers.
    device = "meta" if baseline.cost.flops > 10**9 else "cpu"
    with torch.device(device):
        module = baseline.network.build(100, baseline.input_shape)
        # Without numbers the two modes do not differ.
        for training in (True, False) if device == "cpu" else (True,):
            module.train(training).zero_grad()
            logits = module(torch.rand(2, *baseline.input_shape))
            assert logits.shape == (2, 100)
            logits.sum().backward()
            assert all(p.grad is not None for p in module.parameters()) or "robust-res" in name or "bottleneck" in name
            assert device == "meta" or logits.isfinite().all()
