"""Print what an experiment would take here: ``--dry-run`` of every command that has it."""

from typing import TYPE_CHECKING

from rnas.cli.console import print_json, stdout
from rnas.utils.quantities import duration, format_size

if TYPE_CHECKING:
    from rnas.experiment import CostEstimate, EstimatedWork


def print_cost_estimate(estimate: "CostEstimate", as_json: bool) -> None:
    """Print a line for each kind of work, and one for the whole.

    Args:
        estimate: of an experiment.
        as_json: print it for machines.
    """
    if as_json:
        print_json(estimate.to_dict())
        return
    for work in estimate.work:
        stdout().print(_line(work), soft_wrap=True)
    total = f"about {duration(estimate.seconds)} in all, {estimate.slots} at once on {estimate.device}"
    if estimate.shares_a_gpu:
        total += "; they share a GPU, and the total counts as if they took turns"
    stdout().print(total, soft_wrap=True)


def _line(work: "EstimatedWork") -> str:
    details = [f"{name.replace('_', ' ')} {format_size(value)}" for name, value in (work.details or {}).items()]
    memory = [] if work.memory_bytes is None else [f"{work.memory_bytes / 2**30:.2f} GiB"]
    times = "" if work.count == 1 else f" each, for about {work.count:.0f}"
    return "  ".join([work.label, *details, f"{duration(work.seconds)}{times}", *memory])
