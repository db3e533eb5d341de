"""``rnas train``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.output import AsJson, say, stderr


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
        Path | None, typer.Option(help="Directory of the training [default: runs/train-ARCH-RECIPE-N].")
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
    from rnas.cli.training_view import description
    from rnas.experiments.references import resolve
    from rnas.experiments.training.activation import activation_note
    from rnas.experiments.training.resolve import recipe_content, resolve_settings
    from rnas.experiments.training.training import Training
    from rnas.utils.yaml_files import set_key

    given = {
        "recipe": recipe_content(recipe),
        "data": data,
        "data_dir": data_dir,
        "extra": extra,
        "eps": eps,
        "epochs": epochs,
        "batch_size": batch_size,
        "images": None if images is None else {"train": images},
        "seed": seed,
        "split_seed": split_seed,
        "attacks": None if attacks is None else attacks.split(","),
        "device": device,
    }
    content = {key: value for key, value in given.items() if value is not None}
    for assignment in assignments or []:
        set_key(content, assignment)
    reference = resolve(network)
    settings = resolve_settings(reference, content)
    console = stderr()
    note = activation_note(reference.architecture, settings.recipe)
    if note:
        say(console, note)
    if dry_run:
        training = Training(Path(), settings)
        for line in description(training.setup):
            say(console, line)
        print_cost_estimate(training.estimate(), as_json)
    else:
        run_shown(Training.create(settings, output), as_json)
