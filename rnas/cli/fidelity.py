"""``rnas fidelity``: whether short trainings rank networks as long ones do."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson


def fidelity(
    source: Annotated[Path, typer.Argument(metavar="SEARCH|CONFIG", help="A search's directory, or a YAML config.")],
    architectures: Annotated[int, typer.Option(min=10, help="Networks to train at every rung.")] = 120,
    bands: Annotated[int, typer.Option(min=1, help="Bands of FLOPs to compare within.")] = 2,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each at each rung; two show the noise.")] = 2,
    workers: Annotated[int | None, typer.Option(min=0, help="Trainings at once [default: the search's own].")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Directory of the study [default: SEARCH/fidelity-N].")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Measure some evaluations here, print the cost estimate, train nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how well evaluations at the lower rungs rank networks, and the most that noise lets any rung reach.

    Networks drawn from the space are trained at every rung with several seeds. The figures are in result.json of the
    study, and in the report of the search. For a config a search is made in runs/SPACE-N, and nothing is searched yet.

    Examples:

      rnas fidelity runs/robust-resnet-1

      rnas fidelity my.yaml --architectures 60
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.nas.config import SearchConfig
    from rnas.nas.fidelity_study import FidelitySettings, FidelityStudy
    from rnas.nas.search import Search
    from rnas.utils._yaml_files import read_mapping

    search = source
    if source.is_file():
        config = SearchConfig.parse(read_mapping(source), str(source))
        search = Search.create(config, folder=source.parent, source=str(source)).path
    settings = FidelitySettings(search=search, architectures=architectures, bands=bands, seeds=seeds)
    if dry_run:
        print_cost_estimate(FidelityStudy(output or search, settings).estimate(workers), as_json)
        return
    run_shown(FidelityStudy.create(settings, output), as_json, workers)
