import pytest

import rnas
from rnas.errors import InputError
from rnas.networks import Block, Rule, find
from rnas.scaling_rules import SavedRule


def test_objects_are_as_their_names() -> None:
    rule = Rule((2, 1), (1, 1))
    block = Block(activation="silu")
    by_objects = rnas.scale(300_000_000, block=block, rule=rule)
    assert by_objects.architecture == rnas.scale("300M", block=block, rule=SavedRule(rule)).architecture
    assert by_objects.architecture == rnas.scale("300M", block='{"activation": "silu"}', rule=rule).architecture
    assert abs(by_objects.cost.flops / by_objects.target - 1) <= 0.05
    assert by_objects.printed == ()
    assert rnas.scale("1G", family=find("vgg-11")).setting == rnas.scale("1G", family="vgg-11").setting


def test_a_notebook_shows_setting_and_size() -> None:
    found = rnas.scale("300M", rule=Rule((2, 1), (1, 1)))
    html = found._repr_html_()
    assert found.setting in html
    assert f"{found.cost.flops:,}" in html


@pytest.mark.slow
def test_printed_settings_are_rows_of_a_data_frame() -> None:
    frame = rnas.scale("5G").to_pandas()
    assert list(frame.chosen) == ["printed", "optimum"] * 4
    objective = frame.pivot_table(index="name", columns="chosen", values="objective")
    assert (objective.optimum <= objective.printed).all()


@pytest.mark.parametrize("tolerance", [0, 1, float("nan")])
def test_a_tolerance_is_a_share(tolerance: float) -> None:
    with pytest.raises(InputError, match=r"^tolerance: .* is not a share between 0 and 1"):
        rnas.scale("1G", tolerance=tolerance)


def test_only_a_network_that_is_too_large_is_made_smaller_by_base_channels() -> None:
    with pytest.raises(InputError, match=r"the smallest network has .*; smaller base_channels give smaller networks$"):
        rnas.scale("3M")
    with pytest.raises(InputError, match=r"the smallest network has [\d.]+[MG]$"):
        rnas.scale("300M", tolerance=1e-9)
    with pytest.raises(InputError, match=r"the smallest network has [\d.]+[MG]$"):
        rnas.scale("1K", family="densenet", robust_scaling=True)
