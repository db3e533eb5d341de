import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnas.networks.architecture import from_dict
from rnas.networks.zoo import baselines

Command = Callable[..., Any]

COUNTS = list(csv.DictReader((Path(__file__).parents[2] / "baselines" / "zoo_counts.csv").read_text().splitlines()))
"""Params and FLOPs of the networks that released code builds, as that code has them."""

DATASETS = {10: "cifar10", 100: "cifar100", 1000: "imagenet"}

DISAGREEING = {
    # Misprints.
    ("wrn-a1", "params"): "17.7",
    ("wrn-a2", "params"): "39.3",
    ("wrn-a2", "flops"): "9.74",
    ("wrn-a3", "params"): "74.8",
    ("wrn-28-10", "flops"): "5.20",
    # Counted with 100 classes.
    ("robnet-large", "params"): "6.89",
    ("robnet-large-v2", "params"): "33.42",
    ("robnet-free", "params"): "5.49",
}


def networks(command: Command, *words: str) -> dict[str, dict[str, Any]]:
    result = command("zoo", *words, "--json")
    assert result.code == 0, result.err
    return {network["name"]: network for network in json.loads(result.out)["networks"]}


def test_json_has_the_counts_of_the_released_code(command: Command) -> None:
    found = networks(command)
    assert list(found) == list(baselines())
    assert len(COUNTS) > 80
    for row in COUNTS:
        network, classes = found[row["name"]], int(row["classes"])
        cost = network["costs"][DATASETS[classes]]
        assert (cost["num_classes"], cost["params"]) == (classes, int(row["params"])), row
        assert network["input_shape"] == [3, int(row["side"]), int(row["side"])]
        if row["flops"]:
            assert cost["flops"] == int(row["flops"]), row
        if classes == network["num_classes"]:
            assert (network["params"], network["flops"]) == (cost["params"], cost["flops"])


def test_json_has_what_was_printed_with_its_faults_marked(command: Command) -> None:
    found = networks(command)
    disagreeing = {}
    for name, network in found.items():
        baseline = baselines()[name]
        assert from_dict(network["architecture"]) == baseline.network
        for row, published in zip(network["published"], baseline.published, strict=True):
            assert (row["dataset"], row["training"], row["source"], row["note"]) == (
                published.dataset,
                published.training,
                published.source,
                published.note,
            )
            assert (row["params_as_printed"], row["flops_as_printed"]) == (published.params, published.flops)
            for size in ("params", "flops"):
                assert (row[f"{size}_agree"] is None) == (row[f"{size}_as_printed"] is None)
                if row[f"{size}_agree"] is False:
                    disagreeing[name, size] = row[f"{size}_as_printed"]
    assert disagreeing == DISAGREEING


def test_json_of_a_row_that_was_typed_from_the_paper(command: Command) -> None:
    first, second = networks(command, "advrush-7@96")["advrush-7@96"]["published"]
    assert (first["dataset"], second["dataset"]) == ("cifar10", "cifar100")
    assert first["clean"] == {"mean": 84.95, "spread": 0.12}
    assert first["autoattack"] == {"mean": 52.90, "spread": 0.11}
    assert second["pgd20"] == {"mean": 30.40, "spread": 0.21}
    assert (first["params_as_printed"], first["flops_as_printed"]) == ("32.6", "4.97")


def test_the_overview_has_every_network_within_the_terminal(command: Command) -> None:
    out = command("zoo").out
    assert max(len(line.rstrip()) for line in out.splitlines() if not line.startswith("FLOPs: ")) <= 100
    for name, network in baselines().items():
        # The longest names go on in the next line.
        assert name[:30] in out
        assert f"{network.family}:" in out
    line = next(line for line in out.splitlines() if line.startswith("wrn-a2"))
    assert line.split()[:6] == ["wrn-a2", "38.3M", "10.8G", "cifar10", "*39.3", "*9.74"]
    lines = out.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("robust-resnet-a1 "))
    assert lines[place].split() == [
        *["robust-resnet-a1", "19.2M", "5.08G", "cifar10", "19.2", "5.11"],
        *["85.46", "*58.74", "55.72", "54.42", "[1]"],
    ]
    # The second data set has the counts of its own classes.
    assert lines[place + 1].split()[:5] == ["19.3M", "5.08G", "cifar100", "19.2", "5.11"]
    assert "[1] TRADES; Huang, Lu, Deb, Boddeti: Revisiting Residual Networks" in " ".join(out.split())
    assert "one 3x32x32 image, 3x224x224 for robnet-large-imagenet" in " ".join(out.split())


def test_a_network_in_full(command: Command) -> None:
    result = command("zoo", "RobustResNet-A1")
    text = " ".join(result.out.split())
    assert "robust-resnet-a1, of family robust-resnet" in text
    assert "19,222,738 parameters, 5,080,232,192 FLOPs for one 3x32x32 image, 10 classes" in text
    assert "19,291,948 parameters, 5,080,301,312 FLOPs for one 3x32x32 image, 100 classes" in text
    assert "reads the raw input" in text
    assert "robust-resnet-a1-paper-text" in text
    assert "scales by RobustScaling, depths 2:2:1, widths 2:2.5:1" in text
    assert "of zhichao-lu/robust-residual-network: rnas.load('robust-resnet-a1', weights=FILE)" in text
    assert "prints 58.47 for PGD-20" in text
    assert "85.46 *58.74 55.72 54.42" in text


def test_a_network_that_scales_in_two_ways(command: Command) -> None:
    text = " ".join(command("zoo", "wrn-34-r").out.split())
    assert "planes of the first stage at fixed depth" in text
    assert "or by RobustScaling" in text
    assert "of HanxunH/RobustWRN or zhichao-lu/robust-residual-network" in text
    assert "87.85" in text
    assert "87.62" in text


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("wrn-a?", ["wrn-a1", "wrn-a2", "wrn-a3", "wrn-a4"]),
        ("WRN-A[12]", ["wrn-a1", "wrn-a2"]),
        ("vgg", ["vgg-11", "vgg-11-r", "vgg-16"]),
        ("racl", ["racl"]),
        ("racl*", ["racl-7@104", "racl"]),
        ("paper-text", [f"robust-resnet-a{size}-paper-text" for size in (1, 2, 3, 4)]),
        ("robustresnet-a2", ["robust-resnet-a2"]),
    ],
)
def test_patterns(command: Command, pattern: str, expected: list[str]) -> None:
    assert list(networks(command, pattern)) == expected


def test_one_data_set(command: Command) -> None:
    found = networks(command, "robust-resnet", "--dataset", "cifar100")
    assert list(found) == [f"robust-resnet-a{size}" for size in (1, 2, 3, 4)]
    assert {row["dataset"] for network in found.values() for row in network["published"]} == {"cifar100"}
    out = command("zoo", "robust-resnet", "--dataset", "cifar100").out
    assert "59.34" in out
    assert "85.46" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["wrn-28-12"], "unknown network 'wrn-28-12'; similar: "),
        (["nothing*"], "no published network is called 'nothing*'; see rnas zoo for all"),
        (["vgg-11", "--dataset", "cifar100"], "no published results on 'cifar100' there; there are some on: cifar10"),
        (["--dataset", "mnist"], "there are some on: cifar10, cifar100, imagenet"),
    ],
)
def test_what_is_not_there(command: Command, words: list[str], message: str) -> None:
    result = command("zoo", *words)
    assert result.code == 2
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert message in line
