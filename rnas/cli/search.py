"""``rnas search``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.output import AsJson


def _above_zero(value: float | None) -> float | None:
    if value is not None and not value > 0:
        raise typer.BadParameter(f"Input should be greater than 0, not {value:g}")
    return value


def search(
    config: Annotated[Path | None, typer.Argument(help="A YAML config; see rnas presets for some.")] = None,
    preset: Annotated[str | None, typer.Option(help="Start from a preset instead of a config.")] = None,
    space: Annotated[str | None, typer.Option(help="Search space; see rnas spaces.")] = None,
    data: Annotated[
        str | None, typer.Option(help="Images to train on, such as digits or cifar10; see rnas doctor.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Training recipe; see rnas recipes.")] = None,
    eps: Annotated[str | None, typer.Option(help="Radius of the attack, such as 8/255.")] = None,
    flops: Annotated[str | None, typer.Option(help="Band of FLOPs, such as 150M:250M.")] = None,
    params: Annotated[str | None, typer.Option(help="Band of parameters, such as :1M.")] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Evaluations in all.")] = None,
    hours: Annotated[
        float | None,
        typer.Option(callback=_above_zero, help="Start no new evaluation after this many hours."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Seed of everything random.")] = None,
    strategy: Annotated[str | None, typer.Option(help="surrogate-nsga2, nsga2, random, or another by name.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Evaluations at once; 0 runs them in this process.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Set any key of the config: KEY=VALUE. May be repeated.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Directory of the search [default: runs/SPACE-N].")] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Measure some evaluations here, print the cost estimate, search nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search for robust architectures.

    Without CONFIG and --preset it starts from the preset of the space's name, digits-bench, or else from the one for
    the data: digits, or cifar10-smoke. Options change what the config or preset says.

    Examples:

      rnas search

      rnas search --space digits-bench

      rnas search --data cifar10 --data-dir data --flops 20M:60M --budget 40

      rnas search my.yaml --set evaluator.train.fidelity.epochs=4 --dry-run
    """
    from rnas.cli import merging
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.nas.config import SearchConfig
    from rnas.nas.search import Search

    given = merging.Options(space, data, data_dir, recipe, eps, flops, params, budget, hours, seed, strategy, workers)
    content, folder, source = merging.merged(config, preset, given, assignments or [])
    parsed = SearchConfig.parse(content, source)
    if dry_run:
        print_cost_estimate(Search.draft(parsed, output, folder=folder, source=source).estimate(), as_json)
        return
    run_shown(Search.create(parsed, output, folder=folder, source=source), as_json)
