"""``rnas simulate-cluster``: what a search would take on a large cluster."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, print_json, print_rows, say, stderr
from rnas.cli.options import with_settings
from rnas.nas.config import SearchConfig
from rnas.nas.execution.cluster_model import ClusterModel


@with_settings(ClusterModel, *ClusterModel.model_fields, into="cluster")
def simulate_cluster(
    *,
    config: Annotated[Path | None, typer.Argument(help="A YAML config [default: the preset digits-bench].")] = None,
    cluster: dict[str, Any],
    budget: Annotated[int | None, typer.Option(min=1, help="Evaluations in all [default: the config's].")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a search on a cluster in virtual time, in batches and asynchronously, and compare.

    Proposals are real, those of the config's strategy; so are results, where the config has a table. Those of trainings
    are made up. Times are proportional to FLOPs, times a random factor.

    Examples:

      rnas simulate-cluster --workers 50 --budget 400 --seconds 1800

      rnas simulate-cluster my.yaml --workers 1000 --budget 20000
    """
    from rnas.cli.merging import merged
    from rnas.nas._setup import resolve
    from rnas.nas.cluster_simulation import simulate_cluster as simulated

    options = {} if budget is None else {"budget": budget}
    content, folder, source = merged(config, None if config else "digits-bench", options, [])
    setup = resolve(SearchConfig.parse(content, source), folder, source)
    total, console = 2 * setup.config.budget, stderr()
    with console.status("") as status:
        found = simulated(setup, ClusterModel(**cluster), lambda done: status.update(f"{done} of {total} results"))
    if as_json:
        print_json(found.to_dict())
        return
    rows = [
        ("evaluations", *(f"{each.evaluations:,}" for each in found.searches)),
        ("hours", *(f"{each.hours:.1f}" for each in found.searches)),
        ("hours of all workers, idle or not", *(f"{each.worker_hours:,.0f}" for each in found.searches)),
        ("utilisation", *(f"{each.utilisation:.1%}" for each in found.searches)),
        ("utilisation until the last one starts", *(f"{each.utilisation_before_end:.1%}" for each in found.searches)),
        ("attempts lost and started again", *(f"{each.lost:,}" for each in found.searches)),
        ("writes to the ledger for each second", *(f"{each.writes:.3g}" for each in found.searches)),
        ("processor time of the driver for each", *(f"{1000 * each.driver_seconds:.0f} ms" for each in found.searches)),
    ]
    for row, share in enumerate(("a quarter", "half", "all")):
        cells = []
        for each in found.searches:
            hours, volume = each.hypervolume[row]
            cells.append(f"{hours:.1f} h" if volume is None else f"{volume:.1%} after {hours:.1f} h")
        rows.append((f"hypervolume of {share} of them", *cells))
    print_rows(("", "in batches", "asynchronous"), rows)
    memory = max(each.memory or 0 for each in found.searches)
    if memory:
        say(console, f"The driver has used {memory / 2**30:.1f} GiB of memory.")
    if found.planted:
        say(console, "Results are made up, as evaluations of this config take time: hypervolumes are only examples.")
    say(console, "Batches have as many networks as there are workers, and two are open at a time.")
