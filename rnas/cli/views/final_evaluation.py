"""Word the final evaluations of a front: each one, and what they changed."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from rnas.nas.evaluators.evaluator import FINAL_ACCURACY
from rnas.nas.ledger import Record
from rnas.report._final_evaluation import change_text, final_evaluation_caption, mean_text


def final_words(record: Record) -> str:
    """Return what a final evaluation found."""
    evaluation = record.evaluation
    assert evaluation is not None
    flags = [flag["name"] for flag in evaluation.provenance["final_evaluation"]["flags"]]
    flagged = f"  flagged: {', '.join(flags)}" if flags else ""
    return f"worst case {record.metrics[FINAL_ACCURACY]:.4f}  {evaluation.seconds:.1f} s{flagged}"


def final_evaluation_table(run: Mapping[str, Any]) -> Table:
    """Return the table of the final evaluations, best first.

    Args:
        run: what ``result.json`` of a search holds, with ``final_evaluation``.
    """
    final_evaluation = run["final_evaluation"]
    table = Table(
        caption=Text(final_evaluation_caption(final_evaluation)), box=None, pad_edge=False, caption_justify="left"
    )
    table.add_column("key", no_wrap=True)
    for heading in ("in the search", "final evaluation", "rank"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("flags")
    for member in final_evaluation["members"]:
        flags = ", ".join(member["flags"]) or "none"
        failures = "; ".join(member["failures"])
        table.add_row(
            member["key"],
            f"{member['searched']:.4f}",
            mean_text(member),
            change_text(member),
            Text(f"{flags}{f' ({failures})' if failures else ''}", style="red" if member["flags"] else ""),
        )
    return table
