"""Say which networks are no more accurate than guessing, so that their scores mean nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.report._front import FrontMember, at_highest_rung, judged, share_of
from rnas.statistics.proportions import proportion
from rnas.utils._metric import Metric

_CLEAN = Metric("clean_accuracy", "proportion")
_FIX = "train longer"


def is_at_chance(accuracy: float, images: int | None, classes: int) -> bool:
    """Return whether an accuracy is not above chance at 95 %.

    Args:
        accuracy: share of images that are classified correctly.
        images: number of these images; None if it is not known, so that the accuracy itself is compared.
        classes: number of classes, equally frequent.
    """
    return (proportion(accuracy, images).low if images else accuracy) <= 1 / classes


def chance_text(names: Sequence[str], classes: int) -> str:
    """Return the sentence that says which networks are not above chance; empty without any."""
    if not names:
        return ""
    are, rank = ("is", "its rank means") if len(names) == 1 else ("are", "their ranks mean")
    return f"{', '.join(names)} {are} not above chance ({100 / classes:.3g} %): {rank} nothing; {_FIX}."


def chance_notes(run: Mapping[str, Any], front: Sequence[FrontMember], metrics: Sequence[Metric]) -> list[str]:
    """Return a warning if networks of a search are not above chance, by clean accuracy if that was measured."""
    classes, metric = run.get("num_classes"), judged(tuple(metrics))
    if classes is None or metric is None:
        return []
    complete = [e for e in run["evaluations"] if e["status"] == "complete" and at_highest_rung(run, e)]
    found = {e["key"]: _at_chance(e, metric, classes) for e in complete}
    if found and all(found.values()):
        return [
            f"None of the {len(found):,} evaluated networks is above chance ({100 / classes:.3g} %): front, knee and "
            f"hypervolume mean nothing; {_FIX}."
        ]
    text = chance_text([member.key for member in front if found.get(member.key)], classes)
    return [text] if text else []


def _at_chance(evaluation: Mapping[str, Any], metric: Metric, classes: int) -> bool:
    known = _CLEAN if evaluation["metrics"].get(_CLEAN.name) is not None else metric
    accuracy, share = evaluation["metrics"].get(known.name), share_of(evaluation, known)
    return accuracy is not None and is_at_chance(accuracy, None if share is None else share.images, classes)
