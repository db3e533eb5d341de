"""``rnas train``."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnas.cli.interruption import interruptible
from rnas.cli.output import AsJson, print_json, stderr, stdout
from rnas.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from rnas.experiments.training.listener import Listener
    from rnas.experiments.training.run import TrainingRun
    from rnas.experiments.training.setup import Setup


def train(
    network: Annotated[
        str, typer.Argument(metavar="ARCH", help="A published network's name, an architecture's JSON, or RUN:KEY.")
    ],
    recipe: Annotated[str, typer.Option(help="Training recipe, or a YAML file of one; see rnas recipes.")],
    data: Annotated[str | None, typer.Option(help="Images to train on [default: the run's own, else cifar10].")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    extra: Annotated[
        Path | None, typer.Option(help="File of further images, for recipes that train on some (aat, rst).")
    ] = None,
    eps: Annotated[
        str | None, typer.Option(help="Radius of the attacks, such as 8/255 [default: the run's own, else the data's].")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs [default: the recipe's].")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Images of a step [default: the recipe's].")] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="Train on only N images [default: all that the other splits leave].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, order and noise.")] = 0,
    split_seed: Annotated[
        int | None, typer.Option(min=0, help="Seed that divides the data [default: the run's own, else 0].")
    ] = None,
    attacks: Annotated[
        str | None, typer.Option(help="Attacks at the end, by name [default: fgsm,pgd20,pgd20-margin].")
    ] = None,
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

    The best epoch is chosen on the val split. A training that was stopped is resumed by rnas resume.

    Examples:

      rnas train robust-resnet-a1 --recipe sat --data-dir data

      rnas train runs/digits-1:knee --recipe trades --epochs 30

      rnas train net.json --recipe sat --data digits --set recipe.averaging={name: ema, decay: 0.995}
    """
    from rnas.experiments.training import start as trainings
    from rnas.experiments.training.activation import activation_note
    from rnas.experiments.training.resolve import recipe_content

    content = trainings.merged_settings(
        {
            "data": data,
            "data_dir": data_dir,
            "extra": extra,
            "eps": eps,
            "seed": seed,
            "split_seed": split_seed,
            "attacks": None if attacks is None else attacks.split(","),
            "device": device,
        },
        recipe=recipe_content(recipe),
        epochs=epochs,
        batch_size=batch_size,
        images=images,
    )
    for assignment in assignments or []:
        _assign(content, assignment)
    reference = trainings.resolve_reference(network)
    setup = trainings.resolve_setup(reference, content)
    console = stderr()
    note = activation_note(reference.architecture, setup.settings.recipe)
    if note:
        _say(console, note)
    if dry_run:
        _print_cost_estimate(setup, as_json)
        return
    path = trainings.output_dir(reference, setup, output)
    _follow(path, lambda listener: trainings.run_training(path, setup, listener), as_json)


def resume_training(path: Path, as_json: bool) -> None:
    """Go on with the training of a directory; of one that has ended, say so and show what came of it."""
    from rnas.experiments.training import start as trainings
    from rnas.experiments.training.directory import TrainingDirectory

    if TrainingDirectory(path).read_summary() is not None:
        stderr().print(f"{path}: this training has ended", highlight=False, markup=False, soft_wrap=True)
    _follow(path, lambda listener: trainings.resume_training(path, listener), as_json)


def _follow(path: Path, start: "Callable[[Listener], TrainingRun]", as_json: bool) -> None:
    """Run a training and print what came of it."""
    from rnas.cli.training_table import print_summary
    from rnas.cli.training_view import TrainingView
    from rnas.errors import BatchTooLargeError

    console = stderr()
    try:
        with interruptible(console, "resume", path), TrainingView(console, path) as view:
            summary = start(view).summary
    except BatchTooLargeError as error:
        _say(console, f"rnas: {error}")
        raise typer.Exit(1) from None
    assert summary is not None
    if summary["status"] != "complete":
        _say(console, _ending(summary))
    if as_json:
        print_json(summary)
    elif summary["status"] != "diverged":
        print_summary(stdout(), summary)
        _say(
            stdout(), f"Weights: {path / 'best.safetensors'} and last.safetensors; all figures: {path / 'summary.json'}"
        )
    if summary["status"] == "diverged":
        raise typer.Exit(1)


def _ending(summary: Mapping[str, Any]) -> str:
    """Why a training ended before its last epoch, in one line."""
    if summary["status"] != "diverged":
        return str(summary["reason"])
    kept = "no epoch was completed"
    if summary["epochs_done"]:
        kept = f"kept are the weights of epochs {summary['best']['epoch']} (best) and {summary['last']['epoch']} (last)"
    return f"rnas: diverged: {summary['reason']}; {kept}; a lower rate may help: --set recipe.learning_rate=..."


def _assign(content: dict[str, Any], assignment: str) -> None:
    from rnas.utils.yaml_files import set_key

    if not assignment.partition("=")[1]:
        raise InputError(f"--set {assignment!r}: write KEY=VALUE, such as --set recipe.weight_decay=0")
    set_key(content, assignment)


def _print_cost_estimate(setup: "Setup", as_json: bool) -> None:
    from rnas.cli.training_table import print_cost_estimate
    from rnas.cli.training_view import description
    from rnas.errors import BatchTooLargeError
    from rnas.experiments.training.cost_estimate import estimate_cost

    console = stderr()
    for line in description(setup):
        _say(console, line)
    try:
        estimate = estimate_cost(setup)
    except BatchTooLargeError as error:
        _say(console, f"rnas: {error}")
        raise typer.Exit(1) from None
    if as_json:
        print_json(estimate.to_dict())
    else:
        print_cost_estimate(stdout(), estimate)


def _say(console: "Console", line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
