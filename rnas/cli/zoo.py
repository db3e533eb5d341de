"""``rnas zoo``."""

from fnmatch import fnmatchcase
from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, stdout
from rnas.errors import InputError
from rnas.networks import zoo as baseline
from rnas.networks.zoo import Baseline
from rnas.report.zoo import print_description, print_overview, record

FLOPS = "multiply-accumulates of convolutions and linear layers for one image"

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
    found = matching(pattern)
    rows = {baseline.name: baseline.published for baseline in found}
    if dataset is not None:
        rows = {name: tuple(row for row in rows[name] if row.dataset == dataset) for name in rows}
        found = [baseline for baseline in found if rows[baseline.name]]
        if not found:
            known = sorted({row.dataset for baseline in matching(pattern) for row in baseline.published})
            raise InputError(f"no published results on {dataset!r} there; there are some on: {', '.join(known) or '-'}")
    networks = [record(baseline, rows[baseline.name]) for baseline in found]
    if as_json:
        print_json({"flops": FLOPS, "networks": networks})
    elif len(found) == 1 and pattern is not None and not _WILDCARDS & set(pattern):
        print_description(stdout(), networks[0])
    else:
        print_overview(stdout(), networks)


def matching(pattern: str | None) -> list[Baseline]:
    """Return the networks of this name, family, pattern or part of a name; InputError if no network matches."""
    known = baseline.zoo()
    if pattern is None:
        return list(known.values())
    text = pattern.lower()
    if text in known:
        return [known[text]]
    if _WILDCARDS & set(text):
        found = [network for name, network in known.items() if fnmatchcase(name, text)]
        if not found:
            raise InputError(f"no published network is called {pattern!r}; see rnas zoo for all")
        return found
    family = [network for network in known.values() if network.family == text]
    return family or [network for name, network in known.items() if text in name] or [baseline.find(text)]
