"""``rnas scale``."""

from typing import Annotated

import typer

from rnas.cli.output import AsJson, print_json, stdout


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
    tolerance: Annotated[str, typer.Option(help="How far the FLOPs may be off the budget.")] = "5%",
    as_json: AsJson = False,
) -> None:
    """Find the network of a block or family for a budget of FLOPs.

    With --json the result holds the architecture, and can be saved and given wherever a network is named.

    Examples:

      rnas scale --flops 5G

      rnas scale --flops 2G --block basic --depths 2:2:1 --widths 2:2.5:1 --depth-to-width 7:3

      rnas scale --flops 2G --block basic --rule rule.json

      rnas scale --flops 5G --family advrush-7@96

      rnas scale --flops 1G --json > net.json
    """
    from rnas.cli.scale_request import rule_of, share
    from rnas.cli.scale_table import print_scaled
    from rnas.scaling_rules.scale import scale as scaled

    result = scaled(
        flops,
        block=block,
        family=family,
        robust_scaling=robust_scaling,
        rule=rule_of(rule, depths, widths, depth_to_width),
        tolerance=share(tolerance),
    )
    if as_json:
        print_json(result.to_dict())
        return
    console = stdout()
    print_scaled(console, result.to_dict())
    if result.rule is not None:
        from rnas.cli.rule_table import print_rule

        console.print()
        print_rule(console, result.rule)
