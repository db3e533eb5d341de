"""``rnas tune``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, Device, DryRun, Network, Track, output_option
from rnas.cli.executors import Address, Executor, executing
from rnas.cli.options import Setting, with_settings
from rnas.cli.train import of_training, training_content
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.tuning.settings import TuningSettings


@with_settings(
    TuningSettings,
    Setting(
        "space",
        default="learning_rate, weight_decay, loss.beta and weight_perturbation.gamma, as far as the recipe has them",
        repeated=True,
        metavar="KEY=VALUES",
    ),
    "trials",
    "sampler",
    "pruner",
    into="tuning",
)
@with_settings(TrainingRunSettings, Setting("recipe", required=True), *of_training(), "seed", into="training")
def tune(
    *,
    network: Network,
    tuning: dict[str, Any],
    training: dict[str, Any],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Set anything else, such as images.val=500. May be repeated."),
    ] = None,
    output: Annotated[Path | None, output_option("runs/tune-ARCH-RECIPE-N")] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Trials at once, each in a process of its own; 0 trains one by one in this process [default: 0; on a "
            "cluster as many as it has room for].",
        ),
    ] = None,
    executor: Executor = None,
    address: Address = None,
    device: Device = "auto",
    dry_run: DryRun = False,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Tune a recipe's hyperparameters for a network, by robust accuracy on the val split.

    The recipe as it is given is trial 0. Test images are not looked at. rnas resume continues a stopped tuning.

    Examples:

      rnas tune robust-resnet-a1 --recipe trades --epochs 20 --data-dir data

      rnas tune net.json --recipe sat --data digits --space momentum=0.8:0.95
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.experiments._references import resolve
    from rnas.experiments.training._resolve import resolve_settings
    from rnas.experiments.tuning.tuning import Tuning, tuning_settings

    content = training_content({"device": device, **training}, assignments or [])
    resolved = tuning_settings(resolve_settings(resolve(network), content), **tuning)
    if dry_run:
        with executing(executor, address):
            print_cost_estimate(Tuning(Path(), resolved).estimate(workers), as_json)
        return
    with executing(executor, address):
        run_shown(Tuning.create(resolved, output), as_json, workers, track)
