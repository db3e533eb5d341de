"""``rnas compare``: networks at the same FLOPs, by one recipe, with several seeds."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, DryRun, Track, Workers, output_option, stdout
from rnas.cli.executors import Address, Executor, executing
from rnas.cli.options import Setting, with_settings
from rnas.cli.train import of_training
from rnas.experiments.comparison.settings import ComparisonSettings


@with_settings(
    ComparisonSettings,
    "flops",
    "tolerance",
    "seeds",
    "until_decided",
    Setting("tuning.trials", "tune", default="none", metavar="TRIALS"),
    Setting("tuning.epochs", "tune_epochs", default="those of the trainings"),
    Setting("training.recipe", default="sat"),
    *of_training("training."),
    "training.attacks",
    "training.attacked_images",
    "training.flags",
    "training.unseen",
)
def compare(
    *,
    networks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ARCH]...",
            help="Names of the zoo, members of runs such as RUN:knee, JSON files [default: WRN-28-10, "
            "RobustResNet-A1, RobNet-large-v2, AdvRush, RACL, DARTS-R].",
        ),
    ] = None,
    settings: dict[str, Any],
    robust_scaling: Annotated[
        bool,
        typer.Option(
            "--robust-scaling",
            help="Scale residual networks that are not published by RobustScaling.",
        ),
    ] = False,
    search_cost: Annotated[
        str | None,
        typer.Option(
            "--search-cost",
            metavar="IMAGES|equal",
            help="Take each search as it was when it had passed this many images forward and backward, a supernet's "
            "included; equal is what the cheapest search has cost [default: their ends].",
        ),
    ] = None,
    output: Annotated[Path | None, output_option("runs/compare-DATA-N")] = None,
    workers: Workers = None,
    executor: Executor = None,
    address: Address = None,
    dry_run: DryRun = False,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Scale networks to the same FLOPs, train each by one recipe with several seeds, and test the differences.

    Published networks grow as their families do. Stopped, it is resumed by rnas resume DIR, and extended with --seeds
    there. The directory holds result.json, report.html, and the table as Markdown, LaTeX and CSV.

    Examples:

      rnas compare --flops 5G --data-dir data --dry-run

      rnas compare wrn-28-10 robust-resnet-a1 runs/mine:knee --flops 1G --seeds 5 --recipe trades --data-dir data

      rnas compare wrn-28-10 resnet-18 --flops 1G --data-dir data --tune 8 --tune-epochs 10 --until-decided 10

      rnas compare runs/search-cells-darts-digits-1 runs/search-cells-robnet-digits-1 --flops 500K --search-cost equal

      rnas compare wrn-28-10 resnet-18 --flops 1G --data-dir data --unseen --attacks pgd20,pgd20-margin

      rnas resume runs/compare-cifar10-1 --seeds 5
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.experiments.comparison._resolve import resolve_settings
    from rnas.experiments.comparison.run import Comparison
    from rnas.report._terminal import print_blocks
    from rnas.report.comparison import networks_facts

    resolved = resolve_settings(networks or (), robust_scaling=robust_scaling, search_cost=search_cost, **settings)
    if dry_run:
        experiment = Comparison(output or Path(), resolved)
        if not as_json:
            print_blocks(stdout(), [networks_facts(resolved)])
        with executing(executor, address):
            print_cost_estimate(experiment.estimate(workers), as_json)
        return
    with executing(executor, address):
        run_shown(Comparison.create(resolved, output), as_json, workers, track)
