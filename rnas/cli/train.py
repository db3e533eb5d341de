"""``rnas train``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnas.cli.console import AsJson, Device, DryRun, Network, Track, output_option, say, stderr
from rnas.cli.options import Setting, with_settings
from rnas.experiments.training.settings import TrainingRunSettings

if TYPE_CHECKING:
    from rnas.training.recipe import Recipe


def of_training(prefix: str = "") -> tuple[Setting, ...]:
    """Return what every command that trains networks lets its user set of a training.

    Args:
        prefix: what comes before each key, such as ``training.``.
    """
    return (
        Setting(f"{prefix}data", default="that of the search, else cifar10"),
        Setting(f"{prefix}data_dir"),
        Setting(f"{prefix}eps", default="that of the search, else the data's"),
        Setting(f"{prefix}fidelity.epochs", default="the recipe's"),
        Setting(f"{prefix}fidelity.batch_size", default="the recipe's"),
        Setting(f"{prefix}images.train", "images"),
    )


@with_settings(
    TrainingRunSettings,
    Setting("recipe", required=True),
    *of_training(),
    "seed",
    Setting("split_seed", default="that of the search, else 0"),
    "extra",
    "attacks",
)
def train(
    *,
    network: Network,
    settings: dict[str, Any],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Set anything else, such as recipe.weight_decay=0. May be repeated."),
    ] = None,
    output: Annotated[Path | None, output_option("runs/train-ARCH-RECIPE-N")] = None,
    device: Device = "auto",
    dry_run: DryRun = False,
    track: Track = None,
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

    content = training_content({"device": device, **settings}, assignments or [])
    reference = resolve(network)
    resolved = resolve_settings(reference, content)
    console = stderr()
    for note in (
        activation_note(reference.architecture, resolved.recipe),
        tensor_core_note(resolved.device, resolved.recipe, "recipe"),
    ):
        if note:
            say(console, note)
    if dry_run:
        training = Training(Path(), resolved)
        for line in description(training.setup):
            say(console, line)
        print_cost_estimate(training.estimate(), as_json)
    else:
        run_shown(Training.create(resolved, output), as_json, track=track)


def tensor_core_note(device: str, recipe: "Recipe", key: str) -> str:
    """Return in one line how a GPU would train faster, if the recipe does not use its tensor cores.

    Args:
        device: a torch device.
        recipe: of the training.
        key: setting that holds the recipe.
    """
    numerics = recipe.numerics
    if not device.startswith("cuda") or numerics.precision == "bfloat16" or numerics.tf32:
        return ""
    return (
        f"the recipe trains in float32, without the GPU's tensor cores: --set {key}.numerics.precision=bfloat16 is "
        "faster for large networks"
    )


def training_content(given: dict[str, Any], assignments: list[str]) -> dict[str, Any]:
    """Return the settings of a training from options and ``KEY=VALUE``, in the form of the settings."""
    from rnas.utils._yaml_files import set_key

    content = dict(given)
    if "images" in given:
        content["images"] = {"train": given["images"]}
    for assignment in assignments:
        set_key(content, assignment)
    return content
