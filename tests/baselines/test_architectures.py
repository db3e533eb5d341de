"""Sizes of the published networks by name, as their papers print them."""

import pytest

from baselines import robust_resnet, wide_resnet
from rnas.errors import InputError
from rnas.networks.residual import ResidualNetwork

PRINTED = [
    ("wrn-28-10", 36_479_194, 5_243_328_768),
    ("wrn-34-10", 46_160_474, 6_658_906_368),
    ("wrn-34-12", 66_457_818, 9_582_337_536),
    ("wrn-46-14", 128_389_210, 18_585_412_352),
    ("wrn-70-16", 266_796_506, 38_764_210_176),
    ("wrn-34-r", 68_116_698, 19_132_765_184),
    ("wrn-a1", 18_707_930, 5_076_862_848),
    ("wrn-a2", 38_323_482, 10_836_167_168),
    ("wrn-a3", 75_302_490, 20_215_680_128),
    ("wrn-a4", 147_291_738, 40_381_107_968),
    ("robust-resnet-a1", 19_222_738, 5_080_232_192),
    ("robust-resnet-a2", 39_033_982, 10_738_805_376),
    ("robust-resnet-a3", 75_856_698, 19_819_890_176),
    ("robust-resnet-a4", 147_262_458, 39_272_890_880),
]
ARCHITECTURES = wide_resnet.ARCHITECTURES | robust_resnet.ARCHITECTURES


def test_every_network_has_its_counts_here() -> None:
    assert set(ARCHITECTURES) == {name for name, _, _ in PRINTED}


@pytest.mark.parametrize(("name", "params", "flops"), PRINTED)
def test_published_counts(name: str, params: int, flops: int) -> None:
    cost = ARCHITECTURES[name].cost((3, 32, 32), 10)
    assert (cost.params, cost.flops) == (params, flops)


def test_wide_resnets_by_depth_and_widening() -> None:
    assert wide_resnet.wide_resnet(40, 2) == ResidualNetwork((6, 6, 6), (32, 64, 128))
    for depth in (27, 4, 0):
        with pytest.raises(InputError, match="6 n"):
            wide_resnet.wide_resnet(depth, 10)


@pytest.mark.parametrize(
    ("scale", "params"), [(0.25, 1_074_170), (0.5, 4_273_818), (1, 17_050_970), (1.5, 38_331_930), (2, 68_116_698)]
)
def test_wrn_34_r_scales_its_widenings(scale: float, params: int) -> None:
    assert wide_resnet.wrn_34_r(scale).cost((3, 32, 32), 10).params == params
