"""What a comparison says in words."""

from collections.abc import Mapping
from typing import Any

from rnas.comparison.training import WORST_CASE
from rnas.quantities import counted, format_size

Content = Mapping[str, Any]
"""As comparison.json holds it."""

LABELS = {
    "clean": "clean",
    "fgsm": "FGSM",
    "pgd20": "PGD-20",
    "pgd20-margin": "PGD-20 (margin)",
    "cw40": "CW-40",
    "autoattack": "AutoAttack",
    "worst case": "worst case",
}

METHOD = (
    "A mean is over all seeds and images; its 95 % interval is for other seeds and other images, with variances pooled "
    "over networks. Seeds and images are crossed factors: every network is trained with the same seeds and attacked on "
    "the same images. In each column all pairs are tested together by Tukey's test at 5 %; networks that share a "
    "letter are not told apart, and nothing is said of their order. FLOPs are multiply-accumulates for one image."
)

PUBLISHED = (
    "Published numbers, not measured here: other trainings, other attacks' settings and, where FLOPs differ, other "
    "sizes. They are beside the table for orientation and take no part in any test."
)


def main_column(content: Content) -> Mapping[str, Any]:
    """The best checkpoint under all attacks together: what networks are ranked by."""
    column: Mapping[str, Any] = next(
        column for column in content["columns"] if (column["checkpoint"], column["attack"]) == ("best", WORST_CASE)
    )
    return column


def label(attack: str) -> str:
    """An attack as papers write it."""
    return LABELS.get(attack, attack)


def order(content: Content) -> list[int]:
    """Rows of the networks by that column, the best first, those without a number last."""
    means = [score["mean"] for score in main_column(content)["networks"]]
    return sorted(range(len(means)), key=lambda row: (means[row] is None, -(means[row] or 0.0)))


def setting_sentence(content: Content) -> str:
    """What was compared, on what, and how."""
    data, images = content["data"], content["images"]
    shape = "x".join(map(str, data["input_shape"]))
    part = "published test images" if content["published_test_images"] else "images that nothing was chosen on"
    on = f"attacked on {images:,} {part}" if images else "nothing to attack"
    return (
        f"{counted(len(content['networks']), 'network')} at {format_size(content['flops'])} FLOPs "
        f"(within {content['tolerance']:.0%}) of {shape} images of {data['name']}, each trained with "
        f"{counted(content['seeds'], 'seed')} by recipe {content['recipe']} for {counted(content['epochs'], 'epoch')}, "
        f"{on} with l-infinity radius {content['epsilon']}."
    )


def verdict_sentence(content: Content) -> str:
    """Who is told apart from the best, and how large a gap would have been found."""
    column = main_column(content)
    scores = {
        one["name"]: score["group"]
        for one, score in zip(content["networks"], column["networks"], strict=True)
        if score["group"]
    }
    if column["detectable"] is None or not scores:
        return "Fewer than two networks have a result with every seed: nothing can be tested."
    best = [name for name, letters in scores.items() if "a" in letters]
    if len(best) == len(scores):
        told = f"Under all attacks together, none of the {len(scores)} networks is told apart from the best"
    elif len(best) == 1:
        told = f"Under all attacks together, {best[0]} is more robust than all others"
    else:
        told = f"Under all attacks together, the best cannot be told apart: {', '.join(best)}"
    points, power = gap(column["detectable"]), f"{content['power']:.0%}"
    return f"{told}. The smallest gap that such a comparison finds with {power} power is {points} points."


def notes(content: Content) -> list[str]:
    """What a reader must know before believing the numbers."""
    found = [content["data"]["note"]] if content["data"]["note"] else []
    found += [f"{one['name']}: {one['untested']}." for one in content["networks"] if one["untested"]]
    found += [f"{one['name']}: {note}." for one in content["networks"] for note in one["notes"]]
    found += [
        f"{one['name']}: signs of overestimated robustness: {', '.join(one['flags'])}."
        for one in content["networks"]
        if one["flags"]
    ]
    devices = sorted({device for one in content["networks"] for device in one["devices"]})
    if devices:
        found.append(
            f"Latency is the median forward pass of one image, training is of one seed, both on {' and '.join(devices)}"
            ", beside whatever else ran there."
        )
    return found


def percent(value: float | None) -> str:
    """An accuracy in per cent with two digits; a dash where there is none."""
    return "\u2013" if value is None else f"{100 * value:.2f}"


def half_width(score: Mapping[str, Any]) -> str:
    """Half of an interval in points; empty where there is none."""
    return "" if score["half_width"] is None else f"{100 * score['half_width']:.2f}"


def gap(detectable: float | None) -> str:
    """A smallest detectable gap in points; a dash where nothing is tested."""
    if detectable is None:
        return "\u2013"
    return f"{100 * detectable:.2f}" if detectable < 1 else "over 100"


def duration(seconds: float | None) -> str:
    """Seconds, minutes or hours; a dash where there are none."""
    if seconds is None:
        return "\u2013"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def latency(milliseconds: float | None) -> str:
    """Milliseconds; a dash where there are none."""
    return "\u2013" if milliseconds is None else f"{milliseconds:.3g} ms"
