"""What a search would cost here, measured before it starts."""

import sys
from typing import Any

import numpy as np

from rnas.cli.console import stdout
from rnas.errors import InputError
from rnas.nas.config import Setup
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.evaluators.guard import classified
from rnas.nas.execution.local import slots
from rnas.networks import architecture as arch
from rnas.utils.quantities import format_size, pluralize
from rnas.utils.threads import one_thread

_SAMPLES = 3


def cost_estimate(setup: Setup) -> dict[str, Any]:
    """Estimates for a cheap, a middling and a dear architecture of the space, and for the whole search."""
    config = setup.config
    sample = setup.space.sample(_SAMPLES, np.random.default_rng(config.seed))
    costs = setup.space.cost(sample)
    places = slots(config.workers, config.device)
    rows = []
    for place in np.argsort(costs.flops):
        architecture = setup.space.decode(sample[place])
        task = Task(architecture, config.seed, setup.evaluator.rungs[-1].fidelity)
        print(f"measuring {format_size(float(costs.flops[place]))} FLOPs ...", file=sys.stderr)
        with one_thread(places[0]):
            try:
                estimate = setup.evaluator.estimate(task, Context(places[0]))
            except Exception as error:  # Whatever a user's own function raises.
                raise InputError(f"{arch.key(architecture)} cannot be evaluated: {classified(error)[1]}") from None
        rows.append(
            {
                "key": arch.key(architecture),
                "flops": int(costs.flops[place]),
                "params": int(costs.params[place]),
                "seconds": estimate.seconds,
                "memory_bytes": estimate.memory,
            }
        )
    mean = float(np.mean([row["seconds"] for row in rows]))
    return {
        "evaluations": rows,
        "budget": config.budget,
        "at_once": len(places),
        "device": places[0],
        "seconds_per_evaluation": mean,
        "hours": mean * config.budget / len(places) / 3600,
    }


def print_cost_estimate(estimate: dict[str, Any]) -> None:
    """Print the cost estimate for people."""
    console = stdout()
    for row in estimate["evaluations"]:
        memory = f", {row['memory_bytes'] / 2**30:.2f} GiB" if row["memory_bytes"] else ""
        console.print(
            f"{row['key']}  {format_size(row['flops'])} FLOPs  {row['seconds']:.1f} s{memory}", highlight=False
        )
    hours = estimate["hours"]
    total = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"
    console.print(
        f"{pluralize(estimate['budget'], 'evaluation')} at about {estimate['seconds_per_evaluation']:.1f} s each, "
        f"{estimate['at_once']} at once on {estimate['device']}: about {total}",
        highlight=False,
        soft_wrap=True,
    )
