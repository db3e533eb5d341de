"""``rnas fidelity``: whether short trainings rank networks as long ones do."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, DryRun, Track, output_option
from rnas.cli.options import with_settings
from rnas.nas.config import FidelitySettings, SearchConfig


@with_settings(FidelitySettings, "architectures", "bands", "seeds")
def fidelity(
    *,
    source: Annotated[Path, typer.Argument(metavar="SEARCH|CONFIG", help="A search's directory, or a YAML config.")],
    settings: dict[str, Any],
    workers: Annotated[int | None, typer.Option(min=0, help="Trainings at once [default: the search's own].")] = None,
    output: Annotated[Path | None, output_option("SEARCH/fidelity-N")] = None,
    dry_run: DryRun = False,
    track: Track = None,
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
    from rnas.nas.fidelity_study import FidelityStudy
    from rnas.nas.search import Search
    from rnas.utils._yaml_files import checked, read_mapping

    search = source
    if source.is_file():
        config = SearchConfig.parse(read_mapping(source), str(source))
        search = Search.create(config, folder=source.parent, source=str(source)).path
    resolved = checked(FidelitySettings, {"search": search, **settings}, "fidelity")
    if dry_run:
        print_cost_estimate(FidelityStudy(output or search, resolved).estimate(workers), as_json)
        return
    run_shown(FidelityStudy.create(resolved, output), as_json, workers, track)
