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
    from rnas.nas.cluster_simulation import SHARES
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
    searches = found.searches
    rows = [
        ("evaluations", *(f"{each.evaluations:,}" for each in searches)),
        ("hours until the last result", *(f"{each.hours:.1f}" for each in searches)),
        ("hours of all workers, idle or not", *(f"{each.worker_hours:,.0f}" for each in searches)),
        ("hours of workers that evaluate", *(f"{each.busy_hours:,.0f}" for each in searches)),
        ("utilisation", *(f"{each.utilisation:.1%}" for each in searches)),
        ("utilisation until the last one starts", *(f"{each.utilisation_before_end:.1%}" for each in searches)),
        ("attempts lost and started again", *(f"{each.lost:,}" for each in searches)),
        ("writes to the ledger for each second", *(f"{each.writes:.3g}" for each in searches)),
        ("processor time of the driver for each", *(f"{1000 * each.driver_seconds:.0f} ms" for each in searches)),
        ("workers that such a driver keeps busy", *(f"{each.most_workers:,}" for each in searches)),
    ]
    known = all(volume is not None for each in searches for _, volume in each.hypervolume)
    for row, share in enumerate(("a quarter", "half", "all")):
        ends = [each.hypervolume[row] for each in searches]
        if known:
            cells = [f"{volume:.2%} after {hours:.1f} h" for hours, volume in ends]
            rows.append((f"hypervolume of {share} of them", *cells))
        else:
            rows.append((f"{share} of them", *(f"after {hours:.1f} h" for hours, _ in ends)))
    if known:
        shorter = min(each.hours for each in searches)
        for moment in (share * shorter for share in SHARES):
            volumes = [each.at(moment) for each in searches]
            cells = ["none yet" if volume is None else f"{volume:.2%}" for volume in volumes]
            rows.append((f"hypervolume after {moment:.1f} hours", *cells))
    print_rows(("", "in batches", "asynchronous"), rows)
    memory = max(each.memory or 0 for each in found.searches)
    if memory:
        say(console, f"The driver has used {memory / 2**30:.1f} GiB of memory.")
    if found.planted:
        say(console, "Results are made up, as evaluations of this config take time: hypervolumes are only examples.")
    if not known:
        say(console, "No hypervolume is shown: give each objective a reference, as nothing bounds it.")
    say(console, "Batches have as many networks as there are workers, and two are open at a time.")
    say(
        console,
        "At the end no worker gets another network, and the slowest evaluation decides when the search is over.",
    )
