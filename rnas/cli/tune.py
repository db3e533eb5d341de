"""``rnas tune``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson
from rnas.cli.options import with_settings
from rnas.cli.train import DATA, training_content
from rnas.experiments.training.settings import TrainingRunSettings


@with_settings(TrainingRunSettings, *DATA)
def tune(
    *,
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
    sampler: Annotated[str, typer.Option(help="Optuna's sampler that suggests values, such as tpe or gp.")] = "tpe",
    pruner: Annotated[str, typer.Option(help="What stops poor trials early: median, hyperband or none.")] = "median",
    settings: dict[str, Any],
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
    from rnas.experiments._references import resolve
    from rnas.experiments.training._resolve import resolve_settings
    from rnas.experiments.tuning.tuning import Tuning, tuning_settings

    content = training_content({"recipe": recipe, "device": device, **settings}, assignments or [])
    training = resolve_settings(resolve(network), content)
    resolved = tuning_settings(training, space, trials=trials, sampler=sampler, pruner=pruner)
    if dry_run:
        print_cost_estimate(Tuning(Path(), resolved).estimate(workers), as_json)
    else:
        run_shown(Tuning.create(resolved, output), as_json, workers)
