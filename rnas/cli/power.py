"""``rnas power``: the power study of a run."""

import math
from typing import Annotated

import typer

from rnas.cli.console import AsJson, Run, Score, print_json, stderr, stdout


def power(
    directory: Run,
    metric: Score = None,
    simulations: Annotated[int, typer.Option(min=1, help="Simulations of each ground truth.")] = 20,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes [default: one for each core].")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate known truths on a run's own networks and noise, and estimate rules from them.

    Prints false positives (a rule is claimed although depth and width decide nothing), power (RobustScaling is true and
    recognised, by the size of its effect) and coverage (how often the 90 % intervals hold the true value).

    Example:

      rnas power runs/robust-resnet-1 --simulations 50
    """
    from rnas.nas.search import Search
    from rnas.report._power import blocks
    from rnas.report._terminal import print_blocks
    from rnas.scaling_rules.observations import Observations
    from rnas.scaling_rules.power import power as simulated
    from rnas.utils._metric import metric_of
    from rnas.utils.quantities import pluralize

    observations = Observations.from_run(Search.open(directory).result(), metric)
    console = stderr()

    def measured(count: int, seconds: float, at_once: int) -> None:
        minutes = pluralize(math.ceil(seconds / 60), "minute")
        console.print(f"{pluralize(count, 'simulation')}, {at_once} at once: about {minutes}")

    with console.status("") as status:
        power_study = simulated(
            observations,
            simulations=simulations,
            workers=workers,
            measured=measured,
            progress=lambda done, count: status.update(f"{done} of {pluralize(count, 'simulation')}"),
        )
    if as_json:
        print_json(power_study.to_dict())
        return
    print_blocks(stdout(), blocks(power_study, metric_of(observations.metric, observations.score.tolist())))
