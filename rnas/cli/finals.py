"""Final evaluations of a front: progress, and what they changed."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.evaluation.evaluator import FINAL_ACCURACY
from rnas.ledger import Ledger, Record
from rnas.report.finals import change_text, finals_caption, mean_text


class FinalsView:
    """A listener that writes one line for each final evaluation.

    Args:
        console: where to write, usually stderr.
        ledger: of the final evaluations.
    """

    def __init__(self, console: Console, ledger: Ledger) -> None:
        self._console = console
        self._ledger = ledger
        self._told = False

    def proposed(self, record: Record) -> None:
        """Once, say what begins."""
        if not self._told:
            self._told = True
            self._console.print("the front is trained again with other seeds, and attacked for good", soft_wrap=True)

    def running(self, shares: Mapping[int, float]) -> None:
        """Nothing: a line comes when an evaluation ends."""

    def recorded(self, record: Record) -> None:
        """Write a line for the evaluation."""
        records = self._ledger.records
        done = sum(other.evaluation is not None for other in records)
        evaluation = record.evaluation
        if record.complete and evaluation is not None:
            found = f"worst case {record.metrics[FINAL_ACCURACY]:.4f}  {evaluation.seconds:.1f} s"
            flags = [flag["name"] for flag in evaluation.provenance["final"]["flags"]]
            found += f"  flagged: {', '.join(flags)}" if flags else ""
        else:
            found = f"{record.status}: {evaluation.reason if evaluation else ''}"
        line = f"final {done:>{len(str(len(records)))}}/{len(records)}  {record.key}  seed {record.seed}  {found}"
        self._console.print(line, highlight=False, soft_wrap=True)


def finals_table(run: Mapping[str, Any]) -> Table:
    """What final evaluations say of the front, best first, and what they changed.

    Args:
        run: the JSON object that ``rnas report DIR --json`` prints, with ``finals``.
    """
    finals = run["finals"]
    table = Table(caption=Text(finals_caption(finals)), box=None, pad_edge=False, caption_justify="left")
    table.add_column("key", no_wrap=True)
    for heading in ("in the search", "judged for good", "rank"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("flags")
    for member in finals["members"]:
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
