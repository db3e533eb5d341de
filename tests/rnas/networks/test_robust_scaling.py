import itertools
import math

import pytest

from rnas.errors import InputError
from rnas.networks.architecture import Shape
from rnas.networks.residual import ResidualNetwork, widened
from rnas.networks.robust_scaling import RobustScaling, Rule

SHAPE: Shape = (3, 32, 32)
SCALING = RobustScaling(widened)


def test_the_papers_rule_and_its_published_settings() -> None:
    rule = Rule()
    assert rule.depth_share == pytest.approx(0.7)
    assert rule.distance((4, 4, 2), (4, 5, 2)) == pytest.approx(math.log(10 / 11 / (7 / 3)) ** 2)
    assert rule.distance((28, 28, 14), (10, 12, 5)) < rule.distance((27, 28, 13), (10, 14, 6))
    # A1 keeps the depths' proportion and that of the sums.
    ideal = [math.log(w / part) for w, part in zip((5, 7, 3), (2, 2.5, 1), strict=True)]
    assert rule.distance((14, 14, 7), (5, 7, 3)) == pytest.approx(sum((x - sum(ideal) / 3) ** 2 for x in ideal))


def test_a1_is_the_best_setting_at_five_gflops() -> None:
    scaled = SCALING.nearest(5 * 10**9, SHAPE, 10)
    assert scaled.setting == "D = 14,14,7; W = 5,7,3"
    assert scaled.flops == 5_076_862_848


@pytest.mark.parametrize("flops", [150_000_000, 400_000_000])
@pytest.mark.parametrize("rule", [Rule(), Rule((1, 1), (1, 1.5), 1.0)])
def test_no_rounding_of_the_rule_is_better(flops: int, rule: Rule) -> None:
    scaling = RobustScaling(widened, rule=rule)
    found = scaling.nearest(flops, SHAPE, 10)
    network = found.architecture
    assert isinstance(network, ResidualNetwork)
    widths = tuple(c // base for c, base in zip(network.channels, (16, 32, 64), strict=False))
    least = scaling.setting(network.depths, widths, flops, SHAPE, 10).objective
    stages = len(rule.depths)
    for other_depths in itertools.product(range(1, 11), repeat=stages):
        for other_widths in itertools.product(range(1, 5), repeat=stages):
            if rule.distance(other_depths, other_widths) >= least or not (
                is_rounding(other_depths, rule.depths) and is_rounding(other_widths, rule.widths)
            ):
                continue
            cost = widened(other_depths, other_widths).cost(SHAPE, 10).flops
            if abs(cost / flops - 1) <= scaling.tolerance:
                assert scaling.setting(other_depths, other_widths, flops, SHAPE, 10).objective >= least


def is_rounding(numbers: tuple[int, ...], parts: tuple[float, ...]) -> bool:
    """Whether some multiple of the parts rounds up or down to the numbers, at least 1."""
    scales = [n / 200 for n in range(1, 4000)]
    return any(
        all(
            x in (max(1, math.floor(s * part)), max(1, math.ceil(s * part)))
            for x, part in zip(numbers, parts, strict=True)
        )
        for s in scales
    )


def test_deeper_by_another_rule() -> None:
    deep, wide = (
        RobustScaling(widened, rule=Rule(depth_to_width=ratio)).nearest(10**9, SHAPE, 10).architecture
        for ratio in (4.0, 1.0)
    )
    assert sum(deep.depths) > sum(wide.depths)
    assert sum(deep.channels) < sum(wide.channels)


def test_description_names_rule_and_units() -> None:
    assert SCALING.description == (
        "RobustScaling, depths 2:2:1, widths 2:2.5:1, r_D 0.7; "
        "depth in blocks, width in multiples of 16, 32 and 64 channels"
    )


def test_a_budget_below_the_smallest_network() -> None:
    with pytest.raises(InputError, match=r"come within 5% of 1M FLOPs at 32x32; the smallest network has 12.5M"):
        SCALING.nearest(10**6, SHAPE, 10)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depths": (1, 1)}, "2 depths and 3 widths"),
        ({"depths": (), "widths": ()}, "0 depths"),
        ({"widths": (2, 0, 1)}, "above zero"),
        ({"depth_to_width": -1.0}, "above zero"),
        ({"depth_to_width": math.nan}, "above zero"),
    ],
)
def test_impossible_rules(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Rule(**fields)
