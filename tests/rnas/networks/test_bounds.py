"""Sizes that no machine can hold are refused at once; whatever is published is not."""

import json
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from rnas.networks.zoo import baselines

BILLION = 10**9
NODE = [["skip_connect", 0], ["skip_connect", 1]]


@pytest.mark.parametrize("huge", [BILLION, 10**30, 10**4_000, 2**64], ids=["10^9", "10^30", "10^4000", "2^64"])
@pytest.mark.parametrize(
    "network",
    [
        {"kind": "residual", "depths": [0, 1, 1], "channels": [16, 16, 16]},
        {"kind": "residual", "depths": [1, 1, 1], "channels": [16, 0, 16]},
        {"kind": "residual", "depths": [1, 1, 1], "channels": [16, 16, 16], "stem_width": 0},
        {"kind": "residual", "depths": [1, 1, 1], "channels": [16, 16, 16], "upsample": 0},
        *(
            {"kind": "residual", "depths": [1, 1], "channels": [16, 16], "blocks": [{"topology": t, field: 0}]}
            for t, field in (
                ("basic", "kernel_size"),
                ("robust-res-block", "cardinality"),
                ("robust-res-block", "scales"),
                ("robust-res-block", "base_width"),
            )
        ),
        {"kind": "resnet", "depths": [0], "channels": [16]},
        {"kind": "resnet", "depths": [1], "channels": [0]},
        {"kind": "densenet", "depths": [0], "channels": [16]},
        {"kind": "densenet", "depths": [1], "channels": [16], "growth": 0},
        {"kind": "vgg", "stages": [[0]]},
        {"kind": "nas-bench-201", "operations": ["none"] * 6, "cells": 0},
        {"kind": "nas-bench-201", "operations": ["none"] * 6, "channels": 0},
        {"kind": "robnet", "codes": ["1" * 28], "layers": 0},
        {"kind": "robnet", "codes": ["1" * 28], "channels": 0},
        {"kind": "darts-cells", "layers": 0},
        {"kind": "darts-cells", "stem_channels": 0},
        {"kind": "darts-cells", "channels": [36, 72, 0]},
    ],
    ids=json.dumps,
)
def test_an_absurd_size_is_refused_in_one_short_line(network: dict[str, Any], huge: int) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(item) for item in value]
        return huge if value == 0 and value is not False else value

    with pytest.raises(InputError) as error:
        arch.from_dict({name: filled(value) for name, value in network.items()})
    assert len(str(error.value)) < 500


def test_too_many_layers_in_all_are_refused() -> None:
    for network in (
        {"kind": "residual", "depths": [1_000, 1_000, 1], "channels": [16, 16, 16]},
        {"kind": "resnet", "depths": [1] * 2_001, "channels": [16] * 2_001},
        {"kind": "vgg", "stages": [[16] * 2_001]},
        {"kind": "darts-cells", "normal": {"nodes": [NODE] * 33}},
    ):
        with pytest.raises(InputError, match="the most is"):
            arch.from_dict(network)


def test_a_network_that_no_memory_holds_is_not_built() -> None:
    network = ResidualNetwork((600, 600, 600), (65_536, 65_536, 65_536))
    with pytest.raises(InputError, match=r"parameters, which take .* bytes; this machine has"):
        arch.build(network, 10, (3, 32, 32))


def test_costs_beyond_64_bits_are_refused() -> None:
    network = ResidualNetwork((600, 600, 600), (65_536, 65_536, 65_536))
    assert network.cost((3, 8, 8), 10).flops > 10**15
    with pytest.raises(InputError, match="FLOPs or parameters"):
        network.cost((3, 8_192, 8_192), 10)


@pytest.mark.parametrize(
    ("shape", "classes"),
    [((10**6,) * 3, 10), ((3, 10**4, 10**5), 10), ((3, 32, 32), 10**9), ((3, 32, 32), 0), ((3, 0, 32), 10)],
)
def test_absurd_images_are_refused(shape: Any, classes: int) -> None:
    with pytest.raises(InputError, match="images of shape"):
        arch.build(ResidualNetwork((1, 1), (16, 16)), classes, shape)


def test_everything_published_is_within_the_bounds() -> None:
    for baseline in baselines().values():
        assert arch.from_dict(arch.to_dict(baseline.network)) == baseline.network
    arch.from_dict({"kind": "residual", "depths": [200, 200, 200], "channels": [16, 32, 64]})
