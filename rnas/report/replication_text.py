"""Write the sentences about a replication's result, from its JSON."""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from statistics import fmean
from typing import Any

from rnas.utils._metric import MISSING, Metric
from rnas.utils.quantities import format_size, pluralize

Replication = Mapping[str, Any]

_LEARNED = 0.8
"""A cell whose clean accuracy is below this share of the best cell's has not learned the task."""

_WORDS = {
    "supported": "These data support it.",
    "contradicted": "These data contradict it.",
    "not decided by these data": "These data do not decide it.",
}


def verdict_sentence(replication: Replication) -> str:
    """Return the verdict on the observation, with the number of claims that lead to it."""
    counts = Counter(claim["verdict"] for claim in replication["claims"])
    parts = [f"{counts[verdict]} {verdict.removesuffix(' by these data')}" for verdict in _WORDS if counts[verdict]]
    words = _WORDS[replication["verdict"]]
    if len(parts) > 1:
        words = words.replace("contradict it", "contradict a part of it")
    return f"{words} Of {pluralize(len(replication['claims']), 'claim')}: {', '.join(parts)}."


def setting_sentence(replication: Replication) -> str:
    """Return data, training, size and number of seeds in one line."""
    training = replication["settings"]["training"]
    fidelity = training["fidelity"]
    shape = "x".join(map(str, replication["data"]["input_shape"]))
    images = f", {pluralize(fidelity['images'], 'training image')}" if fidelity.get("images") else ""
    cells = pluralize(len(replication["cells"]), "cell")
    if len(replication["cells"]) < replication["cells_of_the_design"]:
        cells = f"{len(replication['cells'])} of {replication['cells_of_the_design']} cells, a stratified random subset"
    failures = f", {len(replication['failures'])} of which gave no result" if replication["failures"] else ""
    return (
        f"{replication['data']['name']} ({shape} images), recipe {training['recipe']['name']}, "
        f"{pluralize(fidelity['epochs'], 'epoch')}{images}, epsilon {Fraction(training['eps'])}, "
        f"{replication['settings']['capacity']} capacity; {cells}, {pluralize(replication['seeds'], 'seed')} each, "
        f"{pluralize(replication['trainings'], 'training')}{failures}."
    )


def notes(replication: Replication) -> list[str]:
    """Return the sentences that a reader must know in addition to the verdict."""
    scope = (
        "The verdict is about networks of this size, this training and these images, and not about the paper's own "
        "experiment."
        if replication["settings"]["capacity"] != "paper" or replication["data"]["name"] not in ("cifar10", "cifar100")
        else ""
    )
    return [note for note in (scope, _learning(replication), replication["data"]["note"], replication["note"]) if note]


def _learning(replication: Replication) -> str:
    """Return a warning if some networks have not learned the task, so that speed of learning is compared."""
    scores = [cell["scores"]["test_clean_accuracy"] for cell in replication["cells"]]
    means = [fmean(own) for values in scores if (own := [value for value in values if value is not None])]
    if not means or min(means) > _LEARNED * max(means):
        return ""
    return (
        f"At this length of training cells differ in how far they have learned the task at all: clean accuracy is from "
        f"{min(means):.0%} to {max(means):.0%}. The comparison is then of how fast "
        "networks learn as much as of how robust they become; train for more epochs to separate the two."
    )


METHOD = (
    "A claim is decided if its interval is completely on one side of its bound; the observation is supported if all "
    "its claims are, and contradicted if one is. Intervals are at the levels of Holm's procedure, so that the chance "
    "of deciding any claim of the replication wrongly is at most 5 %. Comparisons of cells are paired by seed, and "
    "their noise is that between seeds, by variances moderated over the cells; slopes and correlations over networks "
    "count what else networks differ in as noise too. All networks are attacked on the same images, whose choice is "
    "not in the intervals."
)
"""Text that explains how claims are decided."""


def estimate_text(claim: Mapping[str, Any]) -> str:
    """Format estimate, interval and unit, or the reason if there is no estimate."""
    if claim["value"] is None:
        return f"{MISSING} {claim['reason']}"
    return f"{claim['value']:+.2f} [{claim['low']:+.2f}, {claim['high']:+.2f}] {claim['unit']}"


INTERVALS = (
    "Mean over seeds with its 95 % interval, whose noise is that between seeds. Networks that share a letter of a "
    "column are indistinguishable at 95 % over all pairs (Tukey)."
)
"""Text below a table of networks."""


def interval_text(metric: Metric, column: Mapping[str, Any]) -> str:
    """Format a mean with its interval and letters."""
    if column["mean"] is None:
        return MISSING
    shown = metric.format(column["mean"])
    if column["low"] is not None:
        shown += f" [{metric.format(column['low'])}, {metric.format(column['high'])}]"
    return f"{shown} {column['letters']}".strip()


def column_name(metric: str) -> str:
    """Return a metric as the heading of a column."""
    return metric.removeprefix("test_").removesuffix("_accuracy").replace("_", " ")


def expected_text(claim: Mapping[str, Any]) -> str:
    """Format the value that the claim expects of the estimate."""
    bound = f"{claim['bound']:g}"
    return {"above": f"> {bound}", "below": f"< {bound}", "within": f"within \u00b1{bound}"}[claim["expected"]]


def p_text(claim: Mapping[str, Any]) -> str:
    """Format the adjusted p-value."""
    if claim["value"] is None:
        return MISSING
    return "< 0.001" if claim["p_value"] < 0.001 else f"{claim['p_value']:.3f}"


def used_text(claim: Mapping[str, Any]) -> str:
    """Format the number of comparisons or networks behind the estimate."""
    left_out = f", {claim['unused']} left out" if claim["unused"] else ""
    return f"{pluralize(claim['used'], claim['of'])}{left_out}"


def level_text(level: str | float) -> str:
    """Format a level of a factor."""
    return f"{level:.3g}" if isinstance(level, float) else str(level)


def size_text(cell: Mapping[str, Any]) -> str:
    """Format FLOPs and params."""
    return f"{format_size(cell['flops'])} FLOPs, {format_size(cell['params'])} params"
