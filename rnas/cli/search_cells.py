"""``rnas search-cells``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas import registry
from rnas.cli.console import AsJson, Device, DryRun, Track, output_option
from rnas.cli.options import Setting, with_settings
from rnas.cli.train import training_content
from rnas.errors import InputError
from rnas.experiments.cell_search.found import FindsNetwork
from rnas.experiments.cell_search.settings import CellSearchSettings


@with_settings(
    CellSearchSettings,
    Setting("data", default="digits"),
    Setting("data_dir"),
    Setting("recipe", default="that of the method's paper"),
    Setting("eps", default="the data's"),
    Setting("fidelity.epochs", default="the method's, and 20 on digits"),
    Setting("fidelity.batch_size", default="the method's, and 32 on digits"),
    Setting("images.train", "images"),
    Setting("layers", default="8, and 4 on digits"),
    Setting("channels", default="16, and 4 on digits"),
    Setting("derived_layers", default="20, and 8 on digits"),
    Setting("derived_channels", default="36, and 8 on digits"),
    "seed",
    Setting("split_seed", default="0"),
)
def search_cells(
    *,
    method: Annotated[str, typer.Argument(help="Name of the method: darts, advrush, racl, robnet, or one of yours.")],
    settings: dict[str, Any],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Set anything else, such as method.order=2. May be repeated."),
    ] = None,
    output: Annotated[Path | None, output_option("runs/search-cells-METHOD-DATA-N")] = None,
    device: Device = "auto",
    dry_run: DryRun = False,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Search for cells: by gradient, or by sampling the paths of a supernet.

    With darts, advrush and racl one half of the training images trains the weights of a network that has all operations
    on every edge, the other one fits how much each operation counts. robnet trains a supernet, samples and fine-tunes
    its paths, and derives networks of several sizes; its epochs are those of the supernet. rnas resume continues a
    search that was stopped; rnas train trains the network of its cells.

    Examples:

      rnas search-cells darts

      rnas search-cells darts --set method.order=2 --data cifar10 --data-dir data

      rnas search-cells robnet --set method.paths=1000

      rnas search-cells advrush --set recipe.inner_attack={name: pgd, steps: 7, step: 1/4}
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.experiments.cell_search.cell_search import CellSearch
    from rnas.experiments.cell_search.settings import is_experiment

    content = training_content({"device": device, **settings}, assignments or [])
    chosen = content.pop("method", {})
    if chosen.get("name", method) != method:
        raise InputError(
            f"method.name={chosen['name']} is another method than {method}, the argument: name one of them"
        )
    named = registry.load_or_import(registry.CELL_SEARCHES, method)
    kind: type[FindsNetwork[Any, Any]] = named if is_experiment(named) else CellSearch
    resolved = kind.resolve({**chosen, "name": method}, content)
    if dry_run:
        print_cost_estimate(kind(Path(), resolved).estimate(), as_json)
    else:
        run_shown(kind.create(resolved, output), as_json, track=track)
