"""``rnas zoo``."""

from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, stdout

_WILDCARDS = frozenset("*?[")


def zoo(
    pattern: Annotated[
        str | None,
        typer.Argument(
            help="A network's name for all about it; or a family, a part of names, or a pattern such as 'wrn-a?'."
        ),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Only results on these data, such as cifar100.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the published networks: sizes, and accuracies as their papers print them.

    Examples:

      rnas zoo

      rnas zoo robust-resnet-a1

      rnas zoo 'wrn-*' --dataset cifar100
    """
    from rnas.networks.zoo_listing import zoo as listed
    from rnas.report import _zoo as report
    from rnas.report._terminal import print_blocks

    found = listed(pattern, dataset=dataset).to_dict()
    if as_json:
        print_json(found)
    elif len(found["networks"]) == 1 and pattern is not None and not _WILDCARDS & set(pattern):
        print_blocks(stdout(), report.description(found["networks"][0]))
    else:
        print_blocks(stdout(), report.overview(found["networks"]))
