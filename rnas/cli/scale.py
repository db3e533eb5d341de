"""``rnas scale``."""

from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, stdout
from rnas.errors import InputError
from rnas.networks.robust_scaling import Rule
from rnas.utils.quantities import parse_number, parse_whole_numbers


def scale(
    flops: Annotated[str, typer.Option(help="Budget of multiply-accumulates for one 3x32x32 image, such as 5G.")],
    block: Annotated[
        str | None, typer.Option(help="Block to scale: a name, or its fields as JSON [default: robust-res-block].")
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="Scale a published network or family by its own knob instead; see rnas zoo.")
    ] = None,
    robust_scaling: Annotated[
        bool, typer.Option("--robust-scaling", help="Scale that family by RobustScaling, not by its own knob.")
    ] = False,
    rule: Annotated[
        str | None,
        typer.Option(help="The proportions: robust-scaling, or the file of a rule, instead of the next three."),
    ] = None,
    depths: Annotated[str | None, typer.Option(help="Proportion of the stages' depths [default: 2:2:1].")] = None,
    widths: Annotated[str | None, typer.Option(help="Proportion of the stages' widths [default: 2:2.5:1].")] = None,
    depth_to_width: Annotated[str | None, typer.Option(help="Sum of depths to sum of widths [default: 7:3].")] = None,
    base_channels: Annotated[
        str | None,
        typer.Option(help="Channels of each stage at width 1 of a block, such as 4,8,16 [default: 16,32,64,128]."),
    ] = None,
    tolerance: Annotated[str, typer.Option(help="How far the FLOPs may be off the budget.")] = "5%",
    as_json: AsJson = False,
) -> None:
    """Find the network of a block or family for a budget of FLOPs.

    With --json the result holds the architecture, and can be saved and given wherever a network is named.

    Examples:

      rnas scale --flops 5G

      rnas scale --flops 2G --block basic --depths 2:2:1 --widths 2:2.5:1 --depth-to-width 7:3

      rnas scale --flops 2G --block basic --rule rule.json

      rnas scale --flops 4M --base-channels 4,8,16

      rnas scale --flops 5G --family advrush-7@96

      rnas scale --flops 1G --json > net.json
    """
    from rnas.report._scale import blocks
    from rnas.report._terminal import print_blocks
    from rnas.scaling_rules.scale import scale as scaled

    result = scaled(
        flops,
        block=block,
        family=family,
        robust_scaling=robust_scaling,
        rule=rule_of(rule, depths, widths, depth_to_width),
        tolerance=tolerance,
        base_channels=None if base_channels is None else _channels(base_channels),
    )
    if as_json:
        print_json(result.to_dict())
        return
    print_blocks(stdout(), blocks(result))


def rule_of(rule: str | None, depths: str | None, widths: str | None, depth_to_width: str | None) -> str | Rule | None:
    """Return the rule that is named or whose proportions are given; InputError if both are."""
    if depths is None and widths is None and depth_to_width is None:
        return rule
    if rule is not None:
        raise InputError("give --rule, or --depths, --widths and --depth-to-width, not both")
    own = Rule()
    ratio = own.depth_to_width
    if depth_to_width is not None:
        parts = _proportion("--depth-to-width", depth_to_width)
        if len(parts) != 2:
            raise InputError(f"--depth-to-width {depth_to_width}: write two numbers, such as 7:3")
        ratio = parts[0] / parts[1]
    return Rule(
        own.depths if depths is None else _proportion("--depths", depths),
        own.widths if widths is None else _proportion("--widths", widths),
        ratio,
    )


def _channels(text: str) -> tuple[int, ...]:
    try:
        return parse_whole_numbers(text)
    except ValueError:
        raise InputError(f"--base-channels {text}: write whole numbers with commas, such as 4,8,16") from None


def _proportion(option: str, text: str) -> tuple[float, ...]:
    try:
        parts = tuple(map(parse_number, text.split(":")))
    except ValueError:
        parts = ()
    if not parts or not all(0 < part < float("inf") for part in parts):
        raise InputError(f"{option} {text}: write numbers above zero with colons between them, such as 2:2.5:1")
    return parts
