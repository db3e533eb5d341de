"""``rnas compare``: networks at the same FLOPs, by one recipe, with several seeds."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, stdout


def compare(
    networks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ARCH]...",
            help="Names of the zoo, members of runs such as RUN:knee, JSON files [default: WRN-28-10, "
            "RobustResNet-A1, RobNet-large-v2, AdvRush, RACL, DARTS-R].",
        ),
    ] = None,
    flops: Annotated[
        str, typer.Option(help="FLOPs of each for one image of the data, such as 5G.", show_default=False)
    ] = ...,  # type: ignore[assignment]
    seeds: Annotated[int, typer.Option(min=2, help="Trainings of each; more may be added later.")] = 3,
    until_decided: Annotated[
        int | None,
        typer.Option(
            metavar="MAX",
            help="After the first seeds, add one at a time for networks that are not yet distinguishable, until "
            "all is decided or they have MAX; each look tests at its share of 5 %.",
        ),
    ] = None,
    tune: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="TRIALS",
            help="Before, tune learning rate and weight decay of each network, in N trials on val "
            "images [default: the recipe's for all].",
        ),
    ] = None,
    tune_epochs: Annotated[
        int | None, typer.Option(min=1, help="Of each of these trials [default: those of the trainings].")
    ] = None,
    recipe: Annotated[str, typer.Option(help="Training recipe, or a YAML file of one.")] = "sat",
    data: Annotated[str | None, typer.Option(help="Images to train on [default: cifar10].")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    eps: Annotated[str | None, typer.Option(help="Radius of the attacks, such as 8/255 [default: the data's].")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Of each training [default: the recipe's].")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Of each training [default: the recipe's].")] = None,
    images: Annotated[int | None, typer.Option(min=1, help="Train on only N images [default: all].")] = None,
    attacks: Annotated[
        str | None, typer.Option(help="On the checkpoints, with commas [default: pgd20,cw40,autoattack].")
    ] = None,
    attacked_images: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Attack the first N images of the test split [default: all of it, of CIFAR-10 2,000 of the 10,000].",
        ),
    ] = None,
    flags: Annotated[
        bool,
        typer.Option(
            "--flags/--no-flags",
            help="Look for signs of overestimated robustness in the best checkpoints, on 100 images.",
        ),
    ] = True,
    robust_scaling: Annotated[
        bool,
        typer.Option(
            "--robust-scaling", help="Residual networks of no zoo grow by RobustScaling, not by their own proportions."
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new directory [default: runs/compare-DATA-N].")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Trainings at once; 0 trains in this process.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Show the networks and what it would take; train nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Scale networks to the same FLOPs, train each by one recipe with several seeds, and test the differences.

    Published networks grow as their families do. Stopped, it is resumed by rnas resume DIR, and extended with --seeds
    there. The directory holds result.json, report.html, and the table as Markdown, LaTeX and CSV.

    Examples:

      rnas compare --flops 5G --data-dir data --dry-run

      rnas compare wrn-28-10 robust-resnet-a1 runs/mine:knee --flops 1G --seeds 5 --recipe trades --data-dir data

      rnas compare wrn-28-10 resnet-18 --flops 1G --data-dir data --tune 8 --tune-epochs 10 --until-decided 10

      rnas resume runs/compare-cifar10-1 --seeds 5
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.experiments.comparison.run import Comparison
    from rnas.experiments.comparison.settings import ATTACKS, resolve_settings
    from rnas.experiments.training._resolve import recipe_content
    from rnas.report._terminal import print_blocks
    from rnas.report.comparison import networks_facts

    settings = resolve_settings(
        networks or (),
        flops=flops,
        recipe=recipe_content(recipe),
        seeds=seeds,
        until_decided=until_decided,
        robust_scaling=robust_scaling,
        tune=tune,
        tune_epochs=tune_epochs,
        data=data,
        data_dir=data_dir,
        images=images,
        eps=eps,
        epochs=epochs,
        batch_size=batch_size,
        attacks=ATTACKS if attacks is None else [name.strip() for name in attacks.split(",")],
        attacked_images=attacked_images,
        flags=flags,
    )
    if dry_run:
        experiment = Comparison(output or Path(), settings)
        if not as_json:
            print_blocks(stdout(), [networks_facts(settings)])
        print_cost_estimate(experiment.estimate(workers), as_json)
        return
    run_shown(Comparison.create(settings, output), as_json, workers)
