"""Sentences about the result of a comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.experiments.comparison.training import CLEAN, PRIMARY
from rnas.statistics.proportions import proportion
from rnas.utils.quantities import format_size, pluralize

Content = Mapping[str, Any]
"""A comparison's result as JSON values."""

LABELS = {
    "clean": "clean",
    "fgsm": "FGSM",
    "pgd20": "PGD-20",
    "pgd20-margin": "PGD-20 (margin)",
    "cw40": "CW-40",
    "autoattack": "AutoAttack",
    "worst case": "worst case",
}

_TOLD = ("epochs", "batch_size")

METHOD = (
    "A mean is over all seeds and images; its 95 % interval is for other seeds and other images, with variances pooled "
    "over networks, and ends at 0 % and 100 % where mean and half width reach beyond. Seeds and images are "
    "crossed factors: every network is trained with the same seeds and attacked on the same images. In each column all "
    "pairs are tested together by Tukey's test, with a chance of at most 5 % that any two equal networks are called "
    "distinguishable; networks that share a letter are indistinguishable, and their order means nothing. A pooled "
    "variance that comes out 0 is unknown: no interval and no test rests on it. FLOPs are multiply-accumulates for one "
    "image."
)

PUBLISHED = (
    "Published numbers, not measured here: other trainings, other attacks' settings and, where FLOPs differ, other "
    "sizes. They follow the table for orientation and take no part in any test."
)


def main_column(content: Content) -> Mapping[str, Any]:
    """The best checkpoint under all attacks together: what networks are ranked by."""
    column: Mapping[str, Any] = next(
        column for column in content["columns"] if (column["checkpoint"], column["attack"]) == PRIMARY
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
    """Say what was compared, on which data, and how."""
    data, images = content["data"], content["images"]
    shape = "x".join(map(str, data["input_shape"]))
    part = "published test images" if content["published_test_images"] else "images that nothing was chosen on"
    on = f"attacked on {images:,} {part}" if images else "nothing to attack"
    return (
        f"{pluralize(len(content['networks']), 'network')} at {format_size(content['flops'])} FLOPs "
        f"(within {content['tolerance']:.0%}) of {shape} images of {data['name']}, each trained with "
        f"{_seeds(content)} by recipe {content['recipe']}{_changes(content)} for "
        f"{pluralize(content['epochs'], 'epoch')} in batches of {content['batch_size']}, {on} with l-infinity radius "
        f"{content['epsilon']}."
    )


def _changes(content: Content) -> str:
    """Return the changed settings of the recipe, without epochs and batch."""
    changes = {name: value for name, value in content["recipe_changes"].items() if name not in _TOLD}
    told = [f"no {name}" if value is None else f"{name} {value}" for name, value in changes.items()]
    return f" (with {', '.join(told)})" if told else ""


def verdict_sentence(content: Content) -> str:
    """Say which networks are distinguishable from the best, and how large a gap would have been found."""
    column = main_column(content)
    scores = {
        one["name"]: score
        for one, score in zip(content["networks"], column["networks"], strict=True)
        if not one["untested"]
    }
    if len(scores) < 2:
        return "Fewer than two networks have a result with every seed: nothing can be tested."
    if column["detectable"] is None:
        return _nothing_compared([score["mean"] for score in scores.values()])
    # Where numbers of seeds differ, the best may have more letters than one.
    letters = set(max(scores.values(), key=lambda score: score["mean"])["group"])
    best = [name for name, score in scores.items() if letters & set(score["group"])]
    if len(best) == len(scores):
        told = f"Under all attacks together, all {len(scores)} networks are indistinguishable from the best at 95 %"
    elif len(best) == 1:
        told = f"Under all attacks together, {best[0]} is more robust than all others"
    else:
        told = f"Under all attacks together, the best are indistinguishable at 95 %: {', '.join(best)}"
    points, power = gap(column["detectable"]), f"{content['power']:.0%}"
    return f"{told}. The smallest gap that such a comparison finds with {power} power is {points} points."


def _nothing_compared(means: Sequence[float]) -> str:
    """Say why networks whose pooled variance came out 0 cannot be compared."""
    if len(set(means)) > 1:
        return (
            "Under all attacks together, no noise of seeds and images shows, so that differences cannot be tested; "
            "compare with more seeds or images."
        )
    fix = "attack more" if means[0] == 1 else "train longer or attack less"
    return (
        f"Under all attacks together, all networks scored the same {percent(means[0])} %, so that nothing "
        f"can be compared; {fix}."
    )


def method_notes(content: Content) -> list[str]:
    """What this comparison does otherwise than all do, of tuning and of numbers of seeds; empty for most."""
    return [*_tuning_notes(content), *_sequential_notes(content)]


def _tuning_notes(content: Content) -> list[str]:
    tuning = content["tuning"]
    if tuning is None:
        return []
    fields = " and ".join(name.replace("_", " ") for name in tuning["space"])
    val = tuning["val"]
    chosen = "; ".join(f"{one['name']}: {_chosen(one['tuned'])}" for one in content["networks"])
    shorter = tuning["epochs"] < content["epochs"]
    caution = " Trainings of the comparison are longer, and may want other values." if shorter else ""
    return [
        f"Before the comparison each network's {fields} were chosen from {pluralize(tuning['trials'], 'trial')} of "
        f"{pluralize(tuning['epochs'], 'epoch')}, the recipe as it is and the same random values for all, by "
        f"{val['metric'].replace('_', ' ')} on {pluralize(val['images'], 'val image')}, none of them "
        f"of those that the table is of, with a seed of their own; it took {duration(tuning['seconds'])} of training. "
        f"{chosen}.{caution}"
    ]


def _chosen(tuned: Mapping[str, Any]) -> str:
    if tuned["trial"] is None:
        return "no trial was completed, so that the recipe's own are kept"
    values = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in tuned["parameters"].items())
    if tuned["trial"] == 0:
        return f"{values}, the recipe's own ({percent(tuned['value'])} %)"
    noise = ", indistinguishable at 95 %" if tuned["indistinguishable"] else ""
    return f"{values} ({percent(tuned['value'])} %, by the recipe's own {percent(tuned['recipe_value'])} %{noise})"


def _sequential_notes(content: Content) -> list[str]:
    if content["looks"] == 1:
        return []
    seeds = ", ".join(f"{one['name']} {one['seeds']}" for one in content["networks"])
    return [
        f"At first all networks had {content['seeds']} seeds; those that were not distinguishable from all others, by "
        f"their best checkpoints under all attacks together, got further ones, up to {content['most_seeds']}: {seeds}. "
        f"That makes {content['looks']} looks at the results at most, and each tests at {content['look_level']:.2%} "
        f"(Bonferroni), so that the chance that any two equal networks are called distinguishable at any of them is at "
        f"most {content['level']:.0%}. Means of networks with fewer seeds are adjusted for seeds by least squares, and "
        "their pairs are tested by Tukey and Kramer; smallest gaps are those of the networks with the most seeds."
    ]


def _seeds(content: Content) -> str:
    seeds = [one["seeds"] for one in content["networks"]]
    if min(seeds) == max(seeds):
        return pluralize(max(seeds), "seed")
    return f"{min(seeds)} to {max(seeds)} seeds"


def _at_chance(content: Content) -> list[str]:
    """That networks are no better than guessing, by the clean accuracy of their best checkpoints."""
    images, chance = content["images"], 1 / content["data"]["num_classes"]
    clean = next(c for c in content["columns"] if (c["checkpoint"], c["attack"]) == (PRIMARY[0], CLEAN))
    names = [
        one["name"]
        for one, score in zip(content["networks"], clean["networks"], strict=True)
        if score["mean"] is not None and proportion(score["mean"], images).low <= chance
    ]
    if not names:
        return []
    are, rank = ("is", "its rank means") if len(names) == 1 else ("are", "their ranks mean")
    return [f"{', '.join(names)} {are} not above chance ({100 * chance:.3g} %): {rank} nothing; train longer."]


def notes(content: Content) -> list[str]:
    """Return what a reader must know about the numbers."""
    found = [content["data"]["note"]] if content["data"]["note"] else []
    found += _at_chance(content)
    found += method_notes(content)
    found += [f"{one['name']}: {one['untested']}." for one in content["networks"] if one["untested"]]
    found += [f"{one['name']}: {note}." for one in content["networks"] for note in one["notes"]]
    found += [
        f"{one['name']}: signs of overestimated robustness: {', '.join(one['flags'])}."
        for one in content["networks"]
        if one["flags"]
    ]
    if not content["flags_looked_for"]:
        found.append("Signs of overestimated robustness were not looked for.")
    devices = sorted({device for one in content["networks"] for device in one["devices"]})
    if devices:
        found.append(
            f"Latency is the median forward pass of one image, training is of one seed, both on {' and '.join(devices)}"
            ", together with whatever else ran there."
        )
    return found


def percent(value: float | None) -> str:
    """An accuracy in per cent with two digits; a dash if it is missing."""
    return "\u2013" if value is None else f"{100 * value:.2f}"


def half_width(score: Mapping[str, Any]) -> str:
    """Half of an interval in points; a dash for a mean that has none, empty where there is no mean."""
    if score["half_width"] is None:
        return "" if score["mean"] is None else "\u2013"
    return f"{100 * score['half_width']:.2f}"


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
