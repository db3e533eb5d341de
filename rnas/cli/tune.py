"""``rnas tune``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnas.cli.console import AsJson, print_json, stderr, stdout
from rnas.cli.interruption import interruptible
from rnas.utils.yaml_files import set_key

if TYPE_CHECKING:
    from rnas.experiments.tuning.listener import Listener
    from rnas.experiments.tuning.tune import TuningRun


def tune(
    network: Annotated[
        str, typer.Argument(metavar="ARCH", help="A published network's name, an architecture's JSON, or RUN:KEY.")
    ],
    recipe: Annotated[str, typer.Option(help="Training recipe, or a YAML file of one; as it is, it is trial 0.")],
    space: Annotated[
        list[str] | None,
        typer.Option(
            help="What to tune: KEY=LOW:HIGH, KEY=LOW:HIGH:log or KEY=A,B,C. May be repeated [default: learning_rate, "
            "weight_decay, loss.beta and weight_perturbation.gamma, as far as the recipe has them].",
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trainings in all.")] = 20,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of each [default: the recipe's].")] = None,
    sampler: Annotated[str, typer.Option(help="Optuna's sampler that suggests values, such as tpe or gp.")] = "tpe",
    pruner: Annotated[str, typer.Option(help="What stops poor trials early: median, hyperband or none.")] = "median",
    data: Annotated[str | None, typer.Option(help="Images to train on [default: the run's own, else cifar10].")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    eps: Annotated[
        str | None, typer.Option(help="Radius of the attacks, such as 8/255 [default: the run's own, else the data's].")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Images of a step [default: the recipe's].")] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="Train on only N images [default: all that the other splits leave].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of trainings and sampler.")] = 0,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Set anything else, such as images.val=500. May be repeated."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Directory of the tuning [default: runs/tune-ARCH-RECIPE-N].")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Trainings at once, each in a process of its own; 0 is one by one, repeatable.")
    ] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Tune a recipe's hyperparameters for a network, by robust accuracy on the val split.

    Test images are not looked at. A tuning that was stopped is resumed by rnas resume.

    Examples:

      rnas tune robust-resnet-a1 --recipe trades --epochs 20 --data-dir data

      rnas tune net.json --recipe sat --data digits --space momentum=0.8:0.95
    """
    from rnas.experiments.training import start
    from rnas.experiments.training.resolve import recipe_content
    from rnas.experiments.tuning.tune import prepare, run_tuning

    content = start.merged_settings(
        {"data": data, "data_dir": data_dir, "eps": eps, "seed": seed, "device": device},
        recipe=recipe_content(recipe),
        epochs=epochs,
        batch_size=batch_size,
        images=images,
    )
    for assignment in assignments or []:
        set_key(content, assignment)
    directory, settings = prepare(network, content, space, output=output, trials=trials, sampler=sampler, pruner=pruner)
    _follow(directory.path, lambda listener: run_tuning(directory, settings, workers, listener), as_json)


def resume_tuning(path: Path, trials: int | None, workers: int | None, as_json: bool) -> None:
    """Go on with the tuning of a directory, or extend it."""
    from rnas.experiments.tuning.tune import resume_tuning

    _follow(path, lambda listener: resume_tuning(path, trials=trials, workers=workers or 0, listener=listener), as_json)


def _follow(path: Path, start: "Callable[[Listener], TuningRun]", as_json: bool) -> None:
    """Run a tuning and print what came of it."""
    from rnas.cli.tuning_table import print_tuning
    from rnas.cli.tuning_view import TuningView

    console = stderr()
    with interruptible(console, "resume", path), TuningView(console, path) as view:
        tuning = start(view)
    if as_json:
        print_json(tuning.summary)
    else:
        print_tuning(stdout(), tuning.directory, tuning.summary)
    if tuning.summary["best"] is None:
        raise typer.Exit(1)
