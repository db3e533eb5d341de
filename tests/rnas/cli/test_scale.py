import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rnas
from rnas.experiments._references import resolve
from rnas.networks.architecture import from_dict
from rnas.networks.robust_scaling import RobustScaling, Rule
from rnas.networks.zoo import baselines
from rnas.scaling_rules.saved_rule import ROBUST_SCALING, SavedRule

Command = Callable[..., Any]

TWO_STAGES = ("--depths", "2:1", "--widths", "1:1")
"""A rule that the printed settings, of three stages, are not compared by, which takes a second or two."""


def scaled(command: Command, *words: object) -> dict[str, Any]:
    result = command("scale", *words, "--json")
    assert result.code == 0, result.err
    content: dict[str, Any] = json.loads(result.out)
    return content


def test_the_published_setting_at_its_budget_beside_all_printed_ones(command: Command) -> None:
    content = scaled(command, "--flops", "5G")
    assert from_dict(content["architecture"]) == baselines()["robust-resnet-a1"].network
    assert content["setting"] == "D = 14,14,7; W = 5,7,3"
    assert (content["params"], content["flops"], content["target"]) == (19_222_738, 5_080_232_192, 5 * 10**9)
    assert content["deviation"] == pytest.approx(0.0160464384)
    assert content["input_shape"] == [3, 32, 32]
    assert "squared logarithms" in content["minimised"]
    rows = content["printed"]
    assert [(row["name"], row["target"]) for row in rows] == [
        (f"robust-resnet-a{size}", budget * 10**9) for size, budget in ((1, 5), (2, 10), (3, 20), (4, 40))
    ]
    assert [row["printed"]["depths"] for row in rows] == [[14, 14, 7], [17, 17, 8], [22, 22, 11], [27, 28, 13]]
    assert [row["printed"]["widths"] for row in rows] == [[5, 7, 3], [7, 9, 4], [8, 11, 5], [10, 14, 6]]
    for row in rows:
        network = baselines()[row["name"]]
        assert row["printed"]["flops"] == network.cost.flops
        assert row["optimum"]["objective"] <= row["printed"]["objective"] < 0.03
        assert abs(row["optimum"]["flops"] / row["target"] - 1) <= 0.05
    assert rows[0]["optimum"] == rows[0]["printed"]


def test_people_read_the_objective_and_the_printed_settings(command: Command) -> None:
    out = command("scale", "--flops", "1G", "--block", "basic").out
    assert max(len(line) for line in out.splitlines() if not line.startswith("The ")) <= 100
    text = " ".join(out.split())
    assert "1G FLOPs; the network has -1.5 %" in text
    assert "the sum of the squared logarithms of what is off" in text
    assert "robust-resnet-a2 10G 17,17,8 7,9,4 10.8G +8.4 %" in text
    assert "least objective 18,18,9 7,8,3 9.82G -1.8 %" in text


@pytest.mark.parametrize("block", ["basic", "bottleneck", "inverted-bottleneck", "robust-res-block", "no-residual"])
def test_any_block_comes_near_any_budget(command: Command, block: str) -> None:
    content = scaled(command, "--flops", "800M", "--block", block, *TWO_STAGES)
    network = from_dict(content["architecture"])
    assert network.blocks[0].topology == block
    assert network.cost((3, 32, 32), 10).flops == content["flops"]
    assert abs(content["deviation"]) <= 0.05


def test_a_block_by_its_fields(command: Command) -> None:
    content = scaled(command, "--flops", "400M", "--block", '{"activation": "silu", "kernel_size": 5}', *TWO_STAGES)
    (block,) = from_dict(content["architecture"]).blocks
    assert (block.topology, block.activation, block.kernel_size) == ("basic", "silu", 5)


def test_a_rule_of_ones_own(command: Command) -> None:
    rule = ("--depths", "1:1:1", "--widths", "1:1:1", "--depth-to-width", "1:2")
    wide = scaled(command, "--flops", "1G", "--block", "basic", *rule)
    assert "depths 1:1:1, widths 1:1:1, r_D 0.333" in wide["scaling"]
    network = from_dict(wide["architecture"])
    widths = [channels / base for channels, base in zip(network.channels, (16, 32, 64), strict=True)]
    assert sum(network.depths) < sum(widths)
    assert len(scaled(command, "--flops", "300M", *TWO_STAGES)["architecture"]["depths"]) == 2


def test_base_channels_of_ones_own_give_small_networks(command: Command) -> None:
    assert "smaller --base-channels give smaller networks" in command("scale", "--flops", "3M").err
    content = scaled(command, "--flops", "4M", "--base-channels", "4,8,16")
    assert abs(content["deviation"]) <= 0.05
    channels = content["architecture"]["channels"]
    assert [wide % base for wide, base in zip(channels, (4, 8, 16), strict=True)] == [0, 0, 0]
    assert "width in multiples of 4, 8, 16 channels" in content["scaling"]
    # The paper's settings are in other channels.
    assert "printed" not in content


def test_a_saved_rule_is_as_its_proportions(command: Command, tmp_path: Path) -> None:
    saved = SavedRule(Rule((2, 1), (1, 1)), {"D1": (0.6, 0.7)}, source="runs/depths-1", evaluations=40)
    saved.save(tmp_path / "rule.json")
    content = scaled(command, "--flops", "300M", "--block", "basic", "--rule", tmp_path / "rule.json")
    assert content.pop("rule") == {**saved.to_dict(), "sentence": saved.sentence()}
    assert content == scaled(command, "--flops", "300M", "--block", "basic", *TWO_STAGES)


def test_people_read_the_rule_beside_its_network(command: Command, tmp_path: Path) -> None:
    SavedRule(Rule((2, 1), (1, 1)), {"D1": (0.6, 0.7)}, source="runs/depths-1").save(tmp_path / "rule.json")
    out = command("scale", "--flops", "300M", "--rule", tmp_path / "rule.json").out
    assert max(len(line) for line in out.splitlines() if not line.startswith("The ")) <= 100
    text = " ".join(out.split())
    assert "The rule: D1:D2 = 2 : 1 (D1 .67 [.60, .70]), W1:W2 = 1 : 1, depth to width 7 : 3 (r_D .70)" in text
    assert "runs/depths-1." in text
    assert "D1 0.667 0.600 to 0.700" in text


def test_the_published_rule_by_its_name() -> None:
    found = rnas.scale("1G", block="basic", rule="robust-scaling")
    assert isinstance(found.scaling, RobustScaling)
    assert found.scaling.rule == Rule()
    assert found.rule is ROBUST_SCALING


def test_a_tolerance(command: Command) -> None:
    tight = scaled(command, "--flops", "1G", *TWO_STAGES, "--tolerance", "0.5%")
    assert abs(tight["deviation"]) <= 0.005
    assert scaled(command, "--flops", "1G", *TWO_STAGES, "--tolerance", "0.005") == tight
    assert tight["objective"] > scaled(command, "--flops", "1G", *TWO_STAGES)["objective"]


@pytest.mark.parametrize(
    ("family", "setting"),
    [
        ("advrush-7@96", "C of N@C = 97"),
        ("racl-7@104", "C of N@C = 105"),
        ("wide-resnet", "planes of the first stage = 156"),
        ("robnet-large-v2", "channels of the first stage = 63"),
    ],
)
def test_a_family_by_its_own_knob(command: Command, family: str, setting: str) -> None:
    content = scaled(command, "--flops", "5G", "--family", family)
    assert content["setting"] == setting
    assert abs(content["deviation"]) <= 0.05


@pytest.mark.parametrize("family", ["vgg", "densenet", "resnet-50"])
def test_a_family_by_robust_scaling(command: Command, family: str) -> None:
    content = scaled(command, "--flops", "1G", "--family", family, "--robust-scaling")
    assert content["scaling"].startswith("RobustScaling, depths 2:2:1")
    assert content["objective"] < 0.05
    assert abs(content["deviation"]) <= 0.05


# Every network comes near every budget of the papers in the tests of the baselines.
@pytest.mark.parametrize("name", ["robust-resnet", "wide-resnet", "robust-wrn", "robnet", "advrush", "racl", "darts"])
def test_families_come_within_five_percent_of_a_budget(command: Command, name: str) -> None:
    assert abs(scaled(command, "--flops", "10G", "--family", name)["deviation"]) <= 0.05


def test_what_is_found_can_be_saved_and_loaded(command: Command, tmp_path: Path) -> None:
    result = command("scale", "--flops", "50M", *TWO_STAGES, "--json")
    path = tmp_path / "net.json"
    path.write_text(result.out)
    content = json.loads(result.out)
    assert resolve(path).architecture == from_dict(content["architecture"])
    assert sum(parameter.numel() for parameter in rnas.load(path).parameters()) == content["params"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--flops", "much"], "'much' is not a size"),
        (["--flops", "0"], "flops: 0 is no budget; give one above zero"),
        (["--flops", "100"], "no whole depths and widths by the rule come within 5% of 100 FLOPs at 32x32; the smal"),
        (["--flops", "1G", "--block", "brick"], "unknown block 'brick'; known: basic, bottleneck, "),
        (["--flops", "1G", "--block", "{"], "block: Invalid JSON"),
        (["--flops", "1G", "--block", '{"size": 3}'], "block: size: "),
        (["--flops", "1G", "--block", '{"kernel_size": 4}'], "block: block: kernel_size is 4; write an odd number"),
        (["--flops", "1G", "--family", "brick"], "unknown network 'brick'; see rnas zoo"),
        (["--flops", "1G", "--family", "vgg", "--block", "basic"], "give block or family, not both"),
        (["--flops", "1G", "--robust-scaling"], "--robust-scaling: it is for a family; a block is always scaled so"),
        (
            ["--flops", "1G", "--family", "advrush", "--robust-scaling"],
            "RobustScaling is not for advrush; it scales by",
        ),
        (["--flops", "1G", "--family", "vgg", "--depths", "1:1:1"], "vgg scales by channels of the first stage"),
        (["--flops", "1M", "--family", "densenet"], "the nearest, growth = 1, is "),
        (["--flops", "1G", "--depths", "deep"], "--depths deep: write numbers above zero with colons between them"),
        (["--flops", "1G", "--widths", "1:0:1"], "--widths 1:0:1: write numbers above zero"),
        (["--flops", "1G", "--widths", "1:1"], "3 depths and 2 widths in a rule; give one a stage"),
        (["--flops", "1G", "--rule", "nowhere.json"], "nowhere.json does not exist; give the file of a rule"),
        (["--flops", "1G", "--rule", __file__], "test_scale.py: not valid JSON"),
        (
            ["--flops", "1G", "--rule", "robust-scaling", "--depths", "1:1:1"],
            "give --rule, or --depths, --widths and -",
        ),
        (
            ["--flops", "1G", "--rule", "robust-scaling", "--depth-to-width", "1:1"],
            "give --rule, or --depths, --widths",
        ),
        (["--flops", "1G", "--family", "vgg", "--rule", "robust-scaling"], "vgg scales by channels of the first stage"),
        (["--flops", "1G", "--depth-to-width", "7"], "--depth-to-width 7: write two numbers, such as 7:3"),
        (["--flops", "1G", "--base-channels", "4;8"], "--base-channels 4;8: write whole numbers with commas"),
        (["--flops", "1G", "--base-channels", "4,8"], "--base-channels: the rule has 3 stages; give 3 whole numbers"),
        (["--flops", "1G", "--base-channels", "4,8,0"], "--base-channels: give whole numbers above zero"),
        (["--flops", "1G", "--family", "vgg", "--base-channels", "4,8,16"], "--base-channels: they are for a block"),
        (["--flops", "1G", "--tolerance", "much"], "much is not a share between 0 and 1; write one such as 5%"),
        (["--flops", "1G", "--tolerance", "500%"], "500% is not a share between 0 and 1"),
    ],
)
def test_bad_requests(command: Command, words: list[str], message: str) -> None:
    result = command("scale", *words)
    assert result.code == 2
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert message in line
