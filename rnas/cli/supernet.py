"""``rnas supernet``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, Device, DryRun, Track, output_option
from rnas.cli.options import Setting, with_settings
from rnas.nas.supernet.settings import SupernetSettings


@with_settings(
    SupernetSettings,
    Setting("recipe", default="short-sat"),
    Setting("data", default="digits"),
    "data_dir",
    Setting("eps", default="the data's"),
    Setting("fidelity.epochs", default="the data's"),
    Setting("fidelity.batch_size", default="the data's"),
    Setting("images.train", "images"),
    "sampling",
    "seed",
    Setting("split_seed", default="0"),
    "extra",
)
def supernet(
    *,
    space: Annotated[
        str, typer.Argument(metavar="SPACE|CONFIG", help="Name of a search space, or a YAML config that has one.")
    ],
    settings: dict[str, Any],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Set anything else, such as space.layers=8. May be repeated."),
    ] = None,
    output: Annotated[Path | None, output_option("runs/supernet-SPACE-N")] = None,
    device: Device = "auto",
    dry_run: DryRun = False,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Train a supernet: weights that all networks of a search space share.

    A search takes it as its evaluator, evaluator: {supernet: DIR, finetune_epochs: 3}. rnas resume continues a training
    that was stopped. A config gives its space, and what it says of the training of networks.

    Examples:

      rnas supernet robnet --recipe short-sat --set space.layers=8 --set space.channels=[8]

      rnas supernet my.yaml --epochs 60 --sampling sandwich
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.cli.train import training_content
    from rnas.experiments.supernet.experiment import SupernetTraining
    from rnas.experiments.supernet.setup import resolve_settings

    described: dict[str, Any] = {"name": space}
    trained: dict[str, Any] = {}
    if space.endswith((".yaml", ".yml")):
        described, trained = of_config(Path(space))
    content = training_content({**trained, "space": described, "device": device, **settings}, assignments or [])
    resolved = resolve_settings(content.pop("space"), content)
    if dry_run:
        print_cost_estimate(SupernetTraining(Path(), resolved).estimate(), as_json)
        return
    run_shown(SupernetTraining.create(resolved, output), as_json, track=track)


def of_config(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the space of a config and its settings of training, without rungs."""
    from rnas.nas.config import SearchConfig
    from rnas.utils._yaml_files import read_mapping

    config = SearchConfig.parse(read_mapping(path), str(path))
    trained = dict(config.evaluator.get("train", {}))
    trained.pop("rungs", None)
    return dict(config.space), trained
