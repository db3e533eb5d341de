"""``rnas tune``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.output import AsJson


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
        Path | None, typer.Option(help="Directory of the tuning [default: runs/tune-ARCH-RECIPE-N].")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Trainings at once, each in a process of its own; 0 is one by one, repeatable.")
    ] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    dry_run: Annotated[
        bool, typer.Option(help="Measure a few steps here, print the cost estimate, tune nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tune a recipe's hyperparameters for a network, by robust accuracy on the val split.

    Test images are not looked at. rnas resume continues a tuning that was stopped.

    Examples:

      rnas tune robust-resnet-a1 --recipe trades --epochs 20 --data-dir data

      rnas tune net.json --recipe sat --data digits --space momentum=0.8:0.95
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.experiments.references import resolve
    from rnas.experiments.training.resolve import recipe_content, resolve_settings
    from rnas.experiments.tuning.tuning import Tuning, tuning_settings
    from rnas.utils.yaml_files import set_key

    given = {
        "recipe": recipe_content(recipe),
        "data": data,
        "data_dir": data_dir,
        "eps": eps,
        "epochs": epochs,
        "batch_size": batch_size,
        "images": None if images is None else {"train": images},
        "seed": seed,
        "device": device,
    }
    content = {key: value for key, value in given.items() if value is not None}
    for assignment in assignments or []:
        set_key(content, assignment)
    training = resolve_settings(resolve(network), content)
    settings = tuning_settings(training, space, trials=trials, sampler=sampler, pruner=pruner)
    if dry_run:
        print_cost_estimate(Tuning(Path(), settings).estimate(workers), as_json)
    else:
        run_shown(Tuning.create(settings, output), as_json, workers)
