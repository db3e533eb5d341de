"""Compare scalings of WideResNets at equal FLOPs."""

from collections.abc import Iterator, Sequence

from rnas.experiments.replications.claim import Claim
from rnas.experiments.replications.contrasts import difference
from rnas.experiments.replications.design import ROBUST_RESNETS, DesignCell, Replication, ReplicationFigure, Size
from rnas.networks.architecture import Architecture
from rnas.networks.residual import ResidualNetwork
from rnas.networks.robust_scaling import RobustScaling, Rule
from rnas.networks.zoo import find
from rnas.utils.quantities import format_size

STANDARD, DEPTH, WIDTH, COMPOUND, WRN_R = "standard", "depth only", "width only", "compound", "WRN-R"

_PUBLISHED = {
    STANDARD: ("wrn-28-10", "wrn-34-12", "wrn-46-14", "wrn-70-16"),
    DEPTH: ("wrn-5g-depth", "wrn-10g-depth", "wrn-20g-depth", "wrn-40g-depth"),
    WIDTH: ("wrn-5g-width", "wrn-10g-width", "wrn-20g-width", "wrn-40g-width"),
    COMPOUND: ("wrn-a1", "wrn-a2", "wrn-a3", "wrn-a4"),
}
_SMALL_STANDARD = ((2, 2), (3, 3))
_WRN_R_WIDTHS = (10, 10, 4)
_STEPS = 400


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a network of each scaling at the FLOPs of each standard network."""
    if size.paper and size.base_channels == (16, 32, 64):
        standards = [_residual(find(name).network) for name in _PUBLISHED[STANDARD]]
        rows = [{scaling: find(names[level]).network for scaling, names in _PUBLISHED.items()} for level in range(4)]
    else:
        levels = size.capacities if size.paper else _SMALL_STANDARD
        standards = [size.network((depth,) * 3, (width,) * 3) for depth, width in levels]
        rows = [_by_rule(size, depth, width) for depth, width in levels]
    for standard, row in zip(standards, rows, strict=True):
        budget = size.flops(standard)
        for scaling, network in {**row, WRN_R: _of_widths(size, standard.depths, _WRN_R_WIDTHS, budget)}.items():
            yield size.cell(network, {"scaling": scaling, "budget": format_size(budget)})


def _by_rule(size: Size, depth: int, width: int) -> dict[str, Architecture]:
    """Return the paper's scalings at the FLOPs of a uniform network; the paper's tables have them at larger FLOPs."""
    standard = size.network((depth,) * 3, (width,) * 3)
    budget, rule = size.flops(standard), Rule()

    def halved(depths: tuple[int, ...], widths: tuple[int, ...]) -> ResidualNetwork:
        return size.network(depths, [0.5 * width for width in widths])

    compound = RobustScaling(size.network if size.paper else halved, tolerance=0.1)
    return {
        STANDARD: standard,
        DEPTH: size.network(_shared(3 * depth, rule.depths), (width,) * 3),
        WIDTH: _of_widths(size, standard.depths, rule.widths, budget),
        COMPOUND: compound.nearest(budget, size.input_shape, size.num_classes).architecture,
    }


def _of_widths(size: Size, depths: Sequence[int], widths: Sequence[float], budget: int) -> ResidualNetwork:
    """Return the network with these depths and widths in this proportion whose FLOPs are nearest the budget."""
    top = 2 * max(1.0, (budget / size.flops(size.network(depths, widths))) ** 0.5)
    scales = [top * step / _STEPS for step in range(1, _STEPS + 1)]
    networks = dict.fromkeys(size.network(depths, [scale * width for width in widths]) for scale in scales)
    return min(networks, key=lambda network: abs(size.flops(network) - budget))


def _shared(total: int, proportions: Sequence[float]) -> tuple[int, ...]:
    """Divide a number of blocks by a proportion into whole parts of at least one, by largest remainder."""
    parts = [total * part / sum(proportions) for part in proportions]
    whole = [max(1, int(part)) for part in parts]
    for stage in sorted(range(len(parts)), key=lambda stage: whole[stage] - parts[stage])[: total - sum(whole)]:
        whole[stage] += 1
    return tuple(whole)


def _residual(network: Architecture) -> ResidualNetwork:
    assert isinstance(network, ResidualNetwork)
    return network


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on the compound scaling against each of the others, over all budgets."""
    return [
        Claim(
            f"compound scaling is better than {words} at equal FLOPs",
            difference(design, {"scaling": COMPOUND}, {"scaling": scaling}),
        )
        for scaling, words in (
            (STANDARD, "standard scaling"),
            (DEPTH, "scaling by depth only"),
            (WIDTH, "scaling by width only"),
            (WRN_R, "the scaling of WRN-34-R"),
        )
    ]


REPLICATION = Replication(
    name="scalings",
    title="Scalings of WideResNets at equal FLOPs",
    paper=ROBUST_RESNETS,
    section="section 4.2.2, figure 10",
    observation="RobustScaling, of depth and width together, gives more robust networks than standard scaling, than "
    "scaling depth or width alone, and than the scaling of WRN-34-R.",
    recipe="bat",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="FLOPs", colour=("scaling",), like="Figure 10"),
    note="The paper compares curves over complexity; here each budget is the FLOPs of a standard network, which the "
    "others meet within 10 %. WRN-R is of the standard network's depth, its widths in the proportion 10:10:4.",
)
