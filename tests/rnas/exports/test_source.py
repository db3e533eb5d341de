"""Definitions that are copied, and refusals in one line that name what is wrong and what to do."""

import sys
from types import ModuleType
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.exports._source import Import, Source
from rnas.networks.modules._nas_bench_201 import NASBench201Network
from tests.rnas.exports import own_layers
from tests.rnas.exports.own_network import OwnNetwork

PACKAGES = ("rnas", "tests")


def test_definitions_come_after_what_they_use_with_comments_and_documentation() -> None:
    source = Source(PACKAGES, ())
    assert source.name_of(OwnNetwork) == "OwnNetwork"
    documented = '# The factor of Scale.\nFACTOR = math.sqrt(2)\n"""Scales the features."""'
    assert source.constants == ["DEPTH = 2", documented]
    assert [text.splitlines()[0] for text in source.definitions] == [
        "@dataclass(frozen=True)",
        "def halves(x: Tensor) -> tuple[Tensor, ...]:",
        "class OwnNetwork(nn.Module):",
    ]
    assert source.import_lines() == [
        "from __future__ import annotations",
        "",
        "import math",
        "from collections.abc import Callable",
        "from dataclasses import dataclass",
        "",
        "import torch",
        "import torch.nn as nn",
        "import torch.nn.functional as F",
        "from torch import Tensor",
    ]


def test_what_is_used_twice_is_copied_once() -> None:
    source = Source(PACKAGES, ())
    for _ in range(2):
        source.name_of(NASBench201Network)
    assert len(source.definitions) == len(set(source.definitions))
    assert len(source.constants) == len(set(source.constants))


def local_class() -> type:
    class Local:
        pass

    return Local


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (own_layers.UsesNumpy, r"own_layers\.UsesNumpy uses numpy, and the exported file can import only torch and"),
        (
            own_layers.UsesModule,
            r"own_layers\.UsesModule uses .*networks as networks; import each class",
        ),
        (own_layers.load, r"load is the name of a part of the exported file and of tests\..*; rename one of them"),
        (lambda: None, r"<lambda> of tests\..* is not defined at the top level"),
        (local_class(), r"local_class.*Local of tests\..* is not defined at the top level"),
    ],
)
def test_what_cannot_be_copied_is_named(thing: Any, message: str) -> None:
    with pytest.raises(InputError, match=rf"{message}.* or choose format torch-export"):
        Source(PACKAGES, ["load"]).name_of(thing)


def test_a_class_without_a_file_has_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    console = ModuleType("console")
    exec("class Typed:\n    pass\n", {"__name__": "console"}, vars(console))
    monkeypatch.setitem(sys.modules, "console", console)
    with pytest.raises(InputError, match=r"the source of module console cannot be found; put it into a \.py file"):
        Source(["console"], ()).name_of(console.Typed)


def test_one_name_has_one_meaning() -> None:
    source = Source((), ())
    source.require(Import("torch", "nn"))
    source.require(Import("torch.nn", "", "nn"))
    assert source.import_lines() == ["from torch import nn"]
    with pytest.raises(InputError, match=r"nn is the name of torch\.nn and of torch\.optim"):
        source.require(Import("torch", "optim", "nn"))
