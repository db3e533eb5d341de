"""Write the text of the final evaluation of a front."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rnas.report._blocks import Block, Cell, Table, columns


def mean_text(member: Mapping[str, Any]) -> str:
    """Format the mean worst-case accuracy over seeds with its 95 % interval; a dash if it is missing."""
    if member["accuracy"] is None:
        return "\u2013"
    if member["half_width"] is None:
        return f"{member['accuracy']:.2%}"
    return f"{member['accuracy']:.2%} \u00b1 {100 * member['half_width']:.2f}"


def change_text(member: Mapping[str, Any]) -> str:
    """Format the ranks in the search and in the final evaluation, such as ``3 to 1``."""
    before, after = member["rank"], member["final_rank"]
    if after is None:
        return f"{before} to \u2013"
    return f"{before}" if before == after else f"{before} to {after}"


def final_evaluation_caption(final_evaluation: Mapping[str, Any]) -> str:
    """Return one or two sentences that explain the numbers and say how ranks changed."""
    members = final_evaluation["members"]
    seeds = max((len(member["seeds"]) for member in members), default=0)
    moved = sum(m["final_rank"] not in (None, m["rank"]) for m in members)
    flagged = sum(bool(member["flags"]) for member in members)
    text = (
        f"Final evaluation: worst case of {', '.join(final_evaluation['attacks'])} on the test images, mean over "
        f"{seeds} trainings with new seeds and its 95 % interval over seeds (Student's t). "
        f"{moved} of {len(members)} ranks changed, and {_alike(members)}; "
    )
    return text + (f"{flagged} flagged." if flagged else "none is flagged for overestimated robustness.")


def _alike(members: Sequence[Mapping[str, Any]]) -> str:
    """Say how many of the others are indistinguishable from the best, because their intervals overlap."""
    measured = [member for member in members if member["half_width"] is not None]
    if len(measured) < 2:
        return "with a single training each, none can be distinguished from another"
    best, *others = measured
    alike = sum(best["accuracy"] - m["accuracy"] <= best["half_width"] + m["half_width"] for m in others)
    return f"{alike} of the {len(others)} others are indistinguishable from the best (their intervals overlap)"


def blocks(final_evaluation: Mapping[str, Any]) -> list[Block]:
    """Return the members of the front, best first by the final evaluation, and what the numbers mean."""
    rows = []
    for member in final_evaluation["members"]:
        flags = Cell(", ".join(member["flags"]) or "none", style="alarm" if member["flags"] else "")
        rows.append(
            (
                Cell(member["key"], link=f"#network-{member['key']}"),
                f"{member['searched']:.4f}",
                mean_text(member),
                change_text(member),
                replace(flags, small=f"({'; '.join(member['failures'])})" if member["failures"] else ""),
            )
        )
    headings = ("key", "in the search", "final evaluation", "rank", "flags")
    return [Table(columns(*headings, last_words=1), tuple(rows)), final_evaluation_caption(final_evaluation)]
