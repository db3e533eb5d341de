"""``rnas train``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, say, stderr
from rnas.cli.options import Setting, with_settings
from rnas.experiments.training.settings import TrainingRunSettings

DATA = (
    Setting("data", default="that of the search, else cifar10"),
    "data_dir",
    Setting("eps", default="that of the search, else the data's"),
    Setting("fidelity.epochs", default="the recipe's"),
    Setting("fidelity.batch_size", default="the recipe's"),
    Setting("images.train", "images"),
    "seed",
)
"""What every command that trains one network lets its user set."""


@with_settings(
    TrainingRunSettings, *DATA, Setting("split_seed", default="that of the search, else 0"), "extra", "attacks"
)
def train(
    network: Annotated[
        str, typer.Argument(metavar="ARCH", help="A published network's name, an architecture's JSON, or RUN:KEY.")
    ],
    recipe: Annotated[str, typer.Option(help="Training recipe, or a YAML file of one; see rnas recipes.")],
    settings: dict[str, Any],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Set anything else, such as recipe.weight_decay=0. May be repeated."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Directory of the training [default: runs/train-ARCH-RECIPE-N]."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    dry_run: Annotated[
        bool, typer.Option(help="Measure a few steps here, print the cost estimate, train nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train one network by a recipe, and evaluate the best and the last of its weights.

    The best epoch is chosen on training images that are held out. rnas resume continues a training that was stopped.

    Examples:

      rnas train robust-resnet-a1 --recipe sat --data-dir data

      rnas train runs/digits-1:knee --recipe trades --epochs 30

      rnas train net.json --recipe sat --data digits --set recipe.averaging={name: ema, decay: 0.995}
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.cli.views.training import description
    from rnas.experiments._references import resolve
    from rnas.experiments.training._activation import activation_note
    from rnas.experiments.training._resolve import resolve_settings
    from rnas.experiments.training.training import Training

    content = training_content({"recipe": recipe, "device": device, **settings}, assignments or [])
    reference = resolve(network)
    resolved = resolve_settings(reference, content)
    console = stderr()
    note = activation_note(reference.architecture, resolved.recipe)
    if note:
        say(console, note)
    if dry_run:
        training = Training(Path(), resolved)
        for line in description(training.setup):
            say(console, line)
        print_cost_estimate(training.estimate(), as_json)
    else:
        run_shown(Training.create(resolved, output), as_json)


def training_content(given: dict[str, Any], assignments: list[str]) -> dict[str, Any]:
    """Return the settings of a training from options and ``KEY=VALUE``, in the form of the settings."""
    from rnas.experiments.training._resolve import recipe_content
    from rnas.utils._yaml_files import set_key

    content = {**given, "recipe": recipe_content(given["recipe"])}
    if "images" in given:
        content["images"] = {"train": given["images"]}
    for assignment in assignments:
        set_key(content, assignment)
    return content
