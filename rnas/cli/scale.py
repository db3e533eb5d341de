"""``rnas scale``."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from rnas.cli.console import AsJson, print_json, stdout
from rnas.errors import InputError
from rnas.networks.block import Block, block_type
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import widened
from rnas.networks.robust_scaling import RobustScaling, Rule
from rnas.networks.zoo import Scaling, find, zoo
from rnas.report.scale import print_scaled, scaled
from rnas.utils.quantities import parse_size

if TYPE_CHECKING:
    from rnas.scaling_rules.saved_rule import SavedRule


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
    request = Request(flops, block, family, robust_scaling, rule, depths, widths, depth_to_width, tolerance)
    result = scaled(request.scaling(), request.budget, request.share)
    saved = request.saved_rule
    if as_json:
        print_json(result if saved is None else {**result, "rule": {**saved.to_dict(), "sentence": saved.sentence()}})
        return
    console = stdout()
    print_scaled(console, result)
    if saved is not None:
        from rnas.report.rules_table import print_rule

        console.print()
        print_rule(console, saved)


@dataclass(frozen=True)
class Request:
    """The options of ``rnas scale``; None is not given."""

    flops: str
    block: str | None
    family: str | None
    robust_scaling: bool
    rule: str | None
    depths: str | None
    widths: str | None
    depth_to_width: str | None
    tolerance: str

    @property
    def budget(self) -> int:
        """FLOPs; InputError unless they are above zero."""
        budget = parse_size(self.flops)
        if budget == 0:
            raise InputError("--flops 0: give a budget above zero")
        return budget

    @property
    def share(self) -> float:
        """The tolerance, ``5%`` or ``0.05``; InputError unless it is between 0 and 1."""
        text = self.tolerance.strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 < share < 1:
            raise InputError(f"--tolerance {text}: write a share between 0 and 1, such as 5%")
        return share

    @cached_property
    def saved_rule(self) -> "SavedRule | None":
        """Return the rule that is named; InputError if it is not a rule, or if proportions are given as well."""
        if self.rule is None:
            return None
        if self._proportions:
            raise InputError("give --rule, or --depths, --widths and --depth-to-width, not both")
        # The fit of rules takes its time to import, and a scaling without --rule needs none of it.
        from rnas.scaling_rules.saved_rule import find_rule

        return find_rule(self.rule)

    @property
    def _proportions(self) -> bool:
        return (self.depths, self.widths, self.depth_to_width) != (None, None, None)

    def scaling(self) -> Scaling:
        """How to scale; InputError where options are wrong or contradict each other."""
        if self.block is not None and self.family is not None:
            raise InputError("give --block or --family, not both")
        if self.robust_scaling and self.family is None:
            raise InputError("--robust-scaling is for a --family; a block is always scaled so")
        if self.family is None:
            block = parse_block(self.block or ROBUST_RES_BLOCK.topology)
            scaling: Scaling = RobustScaling(partial(widened, block=block))
        else:
            scaling = _of_family(self.family, self.robust_scaling)
        if isinstance(scaling, RobustScaling):
            return replace(scaling, rule=self._rule(scaling.rule), tolerance=self.share)
        if self._proportions or self.rule is not None:
            raise InputError(
                f"{self.family} scales by {scaling.description}; --rule, --depths, --widths and --depth-to-width are "
                "for RobustScaling"
            )
        return scaling

    def _rule(self, rule: Rule) -> Rule:
        if self.saved_rule is not None:
            return self.saved_rule.rule
        depths, widths, ratio = rule.depths, rule.widths, rule.depth_to_width
        if self.depths is not None:
            depths = _proportion("--depths", self.depths)
        if self.widths is not None:
            widths = _proportion("--widths", self.widths)
        if self.depth_to_width is not None:
            parts = _proportion("--depth-to-width", self.depth_to_width)
            if len(parts) != 2:
                raise InputError(f"--depth-to-width {self.depth_to_width}: write two numbers, such as 7:3")
            ratio = parts[0] / parts[1]
        return Rule(depths, widths, ratio)


def parse_block(text: str) -> Block:
    """A block by its topology, or from its fields as a JSON object; InputError where it is neither.

    The topology ``robust-res-block`` alone is the block of the published RobustResNets.
    """
    if not text.lstrip().startswith("{"):
        block_type(text)
        return ROBUST_RES_BLOCK if text == ROBUST_RES_BLOCK.topology else Block(topology=text)
    try:
        return TypeAdapter(Block).validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        where = "".join(f"{part}: " for part in fault["loc"])
        raise InputError(f"--block: {where}{fault['msg'].removeprefix('Value error, ')}") from None


def _of_family(name: str, robust_scaling: bool) -> Scaling:
    family = [network for network in zoo().values() if network.family == name.lower()]
    baseline = family[0] if family and name.lower() not in zoo() else find(name)
    if not robust_scaling or isinstance(baseline.scaling, RobustScaling):
        return baseline.scaling
    if baseline.robust_scaling is None:
        raise InputError(f"RobustScaling is not for {baseline.name}; it scales by {baseline.scaling.description}")
    return baseline.robust_scaling


def _proportion(option: str, text: str) -> tuple[float, ...]:
    try:
        parts = tuple(float(part) for part in text.split(":"))
    except ValueError:
        parts = ()
    if not parts or not all(0 < part < float("inf") for part in parts):
        raise InputError(f"{option} {text}: write numbers above zero with colons between them, such as 2:2.5:1")
    return parts
