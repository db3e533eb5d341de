"""Words for what final evaluations say of a front."""

from collections.abc import Mapping, Sequence
from typing import Any


def mean_text(member: Mapping[str, Any]) -> str:
    """Mean worst-case accuracy over seeds with its 95 % interval; a dash without any."""
    if member["accuracy"] is None:
        return "\u2013"
    if member["half_width"] is None:
        return f"{member['accuracy']:.2%}"
    return f"{member['accuracy']:.2%} \u00b1 {100 * member['half_width']:.2f}"


def change_text(member: Mapping[str, Any]) -> str:
    """Rank in the search and now, such as ``3 to 1``."""
    before, after = member["rank"], member["final_rank"]
    if after is None:
        return f"{before} to \u2013"
    return f"{before}" if before == after else f"{before} to {after}"


def final_evaluation_caption(final_evaluation: Mapping[str, Any]) -> str:
    """What the numbers are, in one sentence or two, with what changed."""
    members = final_evaluation["members"]
    seeds = max((len(member["seeds"]) for member in members), default=0)
    moved = sum(m["final_rank"] not in (None, m["rank"]) for m in members)
    flagged = sum(bool(member["flags"]) for member in members)
    text = (
        f"Judged for good: worst case of {', '.join(final_evaluation['attacks'])} on the test images, mean over "
        f"{seeds} trainings with other seeds than the search's and its 95 % interval over seeds (Student's t). "
        f"{moved} of {len(members)} ranks changed, and {_alike(members)}; "
    )
    return text + (f"{flagged} flagged." if flagged else "none is flagged for overestimated robustness.")


def _alike(members: Sequence[Mapping[str, Any]]) -> str:
    """How many of the others the seeds do not tell apart from the best: their intervals overlap."""
    measured = [member for member in members if member["half_width"] is not None]
    if len(measured) < 2:
        return "single trainings tell none from another"
    best, *others = measured
    alike = sum(best["accuracy"] - m["accuracy"] <= best["half_width"] + m["half_width"] for m in others)
    return f"{alike} of the {len(others)} others are not told apart from the best (their intervals overlap)"


def view(final_evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the report's section says."""
    return {
        "caption": final_evaluation_caption(final_evaluation),
        "rows": [
            {
                "key": member["key"],
                "searched": f"{member['searched']:.4f}",
                "mean": mean_text(member),
                "change": change_text(member),
                "flags": ", ".join(member["flags"]),
                "failures": member["failures"],
            }
            for member in final_evaluation["members"]
        ],
    }
