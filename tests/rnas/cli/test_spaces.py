"""``rnas spaces``."""

import json
from collections.abc import Callable

import pytest
import yaml

from rnas import registry
from tests.rnas.cli.conftest import Result

Command = Callable[..., Result]


def test_settings_are_told_with_their_defaults_and_meaning(command: Command) -> None:
    told = json.loads(command("spaces", "robust-resnet", "--json").out)["settings"]
    cls = registry.load(registry.SEARCH_SPACES, "robust-resnet")
    # The output is a config of the space.
    assert cls.Settings(**{name: setting["default"] for name, setting in told.items()}) == cls.Settings()
    assert set(cls.Settings.model_fields) - set(told) == {"narrow", "flops", "params"}
    assert told["base_channels"] == {"default": [16, 32, 64, 128], "meaning": "Base channels of each stage."}
    assert told["stem_width"]["meaning"] == "Channels of the stem."
    lines = command("spaces", "robust-resnet").out.splitlines()
    assert any(line.split()[:2] == ["blocks_per_stage", "false"] for line in lines)
    assert any(line.split()[:4] == ["stem_width", "[16,", "32,", "64]"] for line in lines)


def test_flops_are_counted_at_the_images_of_data(command: Command) -> None:
    usual = json.loads(command("spaces", "robust-resnet", "--json").out)["flops"]
    digits = json.loads(command("spaces", "robust-resnet", "--data", "digits", "--json").out)["flops"]
    assert (usual["input_shape"], digits["input_shape"]) == ([3, 32, 32], [1, 8, 8])
    cls = registry.load(registry.SEARCH_SPACES, "robust-resnet")
    low, high = cls(cls.Settings(), (1, 8, 8), 10).flops_range
    assert (digits["least"], digits["greatest"]) == (low, high)
    assert digits["greatest"] < usual["greatest"]


def test_the_example_of_a_config_is_one(command: Command) -> None:
    done = command("spaces", "wide-resnet-depths", "--data", "digits")
    assert "FLOPs at 1x8x8, the images of digits" in done.out
    example = yaml.safe_load(done.out.splitlines()[-1])["space"]
    cls = registry.load(registry.SEARCH_SPACES, example.pop("name"))
    assert cls(cls.Settings(**example), (1, 8, 8), 10).settings.narrow == {"depth1": [2]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "digits"], "rnas: --data and --data-dir count one space's FLOPs: name it, as in rnas spaces NAME"),
        (["robust-resnet", "--data-dir", "."], "rnas: --data-dir holds the files of some data: give --data too"),
        (["robust-resnet", "--data", "nothing"], "rnas: unknown dataset 'nothing'; known: "),
    ],
)
def test_bad_input_is_one_line(command: Command, words: list[str], message: str) -> None:
    done = command("spaces", *words)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert done.err.startswith(message)
