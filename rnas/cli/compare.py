"""``rnas compare``: networks at the same FLOPs, by one recipe, with several seeds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnas.cli.interruption import interruptible
from rnas.cli.output import AsJson, print_json, stderr, stdout
from rnas.errors import InputError

if TYPE_CHECKING:
    from rnas.experiment import Listener
    from rnas.nas.evaluators.evaluator import Evaluation
    from rnas.nas.ledger import Ledger, Record


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
        str | None,
        typer.Option(help="FLOPs of each for one image of the data, such as 5G; needed unless --run goes on."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=2, help="Trainings of each [default: 3]; more may follow.")] = None,
    until_decided: Annotated[
        int | None,
        typer.Option(
            metavar="MAX",
            help="After the first seeds, add one at a time for networks that are not told apart from all others, until "
            "all is decided or they have MAX; each look tests at its share of 5 %.",
        ),
    ] = None,
    tune: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="TRIALS",
            help="Before, tune learning rate and weight decay of each network, in so many trials on held-out training "
            "images [default: the recipe's for all].",
        ),
    ] = None,
    tune_epochs: Annotated[
        int | None, typer.Option(min=1, help="Of each of these trials [default: those of the trainings].")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="Training recipe, or a YAML file of one [default: sat].")] = None,
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
            help="Attack the first N images of the final part [default: all of it, of CIFAR-10 2,000 of the 10,000].",
        ),
    ] = None,
    flags: Annotated[
        bool | None,
        typer.Option(
            "--flags/--no-flags",
            help="Look for signs of overestimated robustness in the best checkpoints, on 100 images [default: flags].",
            show_default=False,
        ),
    ] = None,
    robust_scaling: Annotated[
        bool,
        typer.Option(
            "--robust-scaling", help="Residual networks of no zoo grow by RobustScaling, not by their own proportions."
        ),
    ] = False,
    run: Annotated[
        Path | None, typer.Option(help="Directory; one that is there goes on [default: runs/compare-DATA-N].")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Trainings at once; 0 trains in this process.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Show the networks and what it would take; train nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Scale networks to the same FLOPs, train each by one recipe with several seeds, and test the differences.

    Published networks grow as their families do. Stopped, it goes on with the same --run; with more --seeds it is
    extended. The table stands there as comparison.html, .md, .tex, .csv and .json.

    Examples:

      rnas compare --flops 5G --data-dir data --dry-run

      rnas compare wrn-28-10 robust-resnet-a1 runs/mine:knee --flops 1G --seeds 5 --recipe trades --data-dir data

      rnas compare wrn-28-10 resnet-18 --flops 1G --data-dir data --tune 8 --tune-epochs 10 --until-decided 10

      rnas compare --run runs/compare-cifar10-1 --seeds 5
    """
    from rnas.experiments.comparison import run as running
    from rnas.experiments.comparison.directory import ComparisonDirectory
    from rnas.experiments.comparison.settings import settle
    from rnas.experiments.training.settle import recipe_content

    choices = {
        "flops": flops,
        "until_decided": until_decided,
        "tune": tune,
        "tune_epochs": tune_epochs,
        "recipe": recipe,
        "data": data,
        "data_dir": data_dir,
        "eps": eps,
        "epochs": epochs,
        "batch_size": batch_size,
        "images": images,
        "attacks": attacks,
        "attacked_images": attacked_images,
        "flags": flags,
        "robust_scaling": robust_scaling or None,
    }
    given = [f"--{key.replace('_', '-')}" for key, value in choices.items() if value is not None]
    if run is not None and ComparisonDirectory.is_at(run) and not networks and not dry_run:
        if given:
            raise InputError(f"a comparison keeps its settings for life: leave {', '.join(given)} out")
        _follow(
            run,
            as_json,
            lambda **listeners: running.resume_comparison(run, seeds=seeds, workers=workers, **listeners),
        )
        return
    if flops is None:
        if run is not None and run.exists() and not ComparisonDirectory.is_at(run):
            ComparisonDirectory(run).read_settings()
        raise InputError("say how large the networks are to be, such as --flops 5G, or go on with a --run")
    training = {
        "data": data,
        "data_dir": data_dir,
        "eps": eps,
        "attacks": None if attacks is None else tuple(name.strip() for name in attacks.split(",")),
        "recipe": recipe_content(recipe or "sat"),
        "epochs": epochs,
        "batch_size": batch_size,
        "images": images,
    }
    settings = settle(
        networks or (),
        flops=flops,
        seeds=seeds or 3,
        by_the_rule=robust_scaling,
        until_decided=until_decided,
        tune=tune,
        tune_epochs=tune_epochs,
        attacked_images=attacked_images,
        flags=flags is not False,
        **training,
    )
    if dry_run:
        from rnas.cli.compare_table import design_content, print_design

        content = design_content(settings, workers)
        if as_json:
            print_json(content)
        else:
            print_design(stdout(), content)
        return
    directory = running.prepare(settings, run)
    _follow(directory.path, as_json, lambda **listeners: running.go(directory, workers, **listeners))


def _follow(path: Path, as_json: bool, go: Any) -> None:
    """Run a comparison and print what came of it."""
    from rnas.cli.compare_table import print_comparison
    from rnas.cli.counted_lines import CountedLines
    from rnas.cli.progress import ProgressView
    from rnas.experiments.comparison.directory import ComparisonDirectory

    console = stderr()

    def listener(ledger: "Ledger", _slots: int) -> "Listener":
        return CountedLines(console, ledger, _found)

    with interruptible(console, ComparisonDirectory.resumed_by, path):
        content = go(listener=listener, tuning_listener=lambda _path: ProgressView(console)).result
    if as_json:
        print_json(content)
    else:
        print_comparison(stdout(), content)
        report = ComparisonDirectory(path).report
        stdout().print(f"Report: {report}, and .md, .tex, .csv, .json", highlight=False, markup=False, soft_wrap=True)


def _found(record: "Record", evaluation: "Evaluation") -> str:
    return f"{record.metrics['best_worst_case']:.1%} robust, {evaluation.seconds:.1f} s"
