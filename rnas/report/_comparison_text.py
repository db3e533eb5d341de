"""Write the sentences about the result of a comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.experiments.comparison._training import CLEAN, PRIMARY
from rnas.report._chance import chance_text, is_at_chance
from rnas.utils.quantities import duration as duration_text
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

_ENOUGH = 6
"""Degrees of freedom from which an estimate of the noise is not called poor."""

METHOD = (
    "A mean is taken over all seeds and images. Its 95 % interval holds for other seeds and other images, uses "
    "variances that are pooled over networks, and is cut at 0 % and 100 %. Seeds and images are crossed factors: "
    "every network is trained with the same seeds and attacked on the same images. In each column all pairs are "
    "tested together by Tukey's test, with a probability of at most 5 % that any two equal networks are called "
    "distinguishable. The order of networks that share a letter means nothing. A pooled "
    "variance that is estimated as 0 is treated as unknown: no interval and no test uses it. FLOPs are "
    "multiply-accumulates for one image. A network that is marked as scaled has the proportions of the one that it is "
    "named after, at these FLOPs."
)

PUBLISHED = (
    "These numbers were published, not measured here. They come from other trainings, other settings of the attacks "
    "and, if FLOPs differ, other sizes. They are shown for orientation only and are not part of any test."
)


def main_column(content: Content) -> Mapping[str, Any]:
    """Return the column that networks are ranked by: the best checkpoint under all attacks together."""
    column: Mapping[str, Any] = next(
        column for column in content["columns"] if (column["checkpoint"], column["attack"]) == PRIMARY
    )
    return column


def label(attack: str) -> str:
    """Return the name of an attack as papers write it."""
    ball, _, own = attack.rpartition(" ")
    return f"{ball} {LABELS.get(own, own)}" if ":" in ball else LABELS.get(attack, attack)


def order(content: Content) -> list[int]:
    """Return the rows of the networks by the main column, the best first, those without a number last."""
    means = [score["mean"] for score in main_column(content)["networks"]]
    return sorted(range(len(means)), key=lambda row: (means[row] is None, -(means[row] or 0.0)))


def setting_sentence(content: Content) -> str:
    """Return the sentence that says what was compared, on which data, and how."""
    data, images = content["data"], content["images"]
    shape = "x".join(map(str, data["input_shape"]))
    part = "published test images" if content["published_test_images"] else "images that nothing was chosen on"
    on = f"attacked on {images:,} {part}" if images else "not attacked"
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
    changed = [f"no {name}" if value is None else f"{name} {value}" for name, value in changes.items()]
    return f" (with {', '.join(changed)})" if changed else ""


def verdict_sentence(content: Content) -> str:
    """Return the sentence on the networks that are distinguishable from the best, and on the detectable gap."""
    column = main_column(content)
    scores = {
        one["name"]: score
        for one, score in zip(content["networks"], column["networks"], strict=True)
        if not one["untested"]
    }
    if len(scores) < 2:
        return "Fewer than two networks have a result with every seed, so that nothing can be tested."
    if column["detectable"] is None:
        return _nothing_compared([score["mean"] for score in scores.values()])
    # If the numbers of seeds differ, the best network may have several letters.
    letters = set(max(scores.values(), key=lambda score: score["mean"])["group"])
    best = [name for name, score in scores.items() if letters & set(score["group"])]
    if len(best) == len(scores):
        found = f"Under all attacks together, all {len(scores)} networks are indistinguishable from the best at 95 %"
    elif len(best) == 1:
        found = f"Under all attacks together, {best[0]} is more robust than all others"
    else:
        found = f"Under all attacks together, the best are indistinguishable at 95 %: {', '.join(best)}"
    points, power = gap(column["detectable"]), f"{content['power']:.0%}"
    return f"{found}. The smallest gap that such a comparison detects with {power} power is {points} points."


def _nothing_compared(means: Sequence[float]) -> str:
    """Return the sentence that says why networks with a pooled variance of 0 cannot be compared."""
    if len(set(means)) > 1:
        return (
            "Under all attacks together, the estimated noise of seeds and images is 0, so that differences cannot be "
            "tested; compare with more seeds or images."
        )
    fix = "use stronger attacks" if means[0] == 1 else "train longer or use weaker attacks"
    return (
        f"Under all attacks together, all networks scored the same {percent(means[0])} %, so that nothing "
        f"can be compared; {fix}."
    )


def method_notes(content: Content) -> list[str]:
    """Return sentences on tuning and on additional seeds; empty for a comparison without both."""
    return [*_tuning_notes(content), *_sequential_notes(content)]


def _tuning_notes(content: Content) -> list[str]:
    tuning = content["tuning"]
    if tuning is None:
        return []
    fields = " and ".join(name.replace("_", " ") for name in tuning["space"])
    val = tuning["val"]
    chosen = "; ".join(f"{one['name']}: {_chosen(one['tuned'])}" for one in content["networks"])
    shorter = tuning["epochs"] < content["epochs"]
    caution = " Trainings of the comparison are longer, and other values may be better for them." if shorter else ""
    return [
        f"Before the comparison each network's {fields} were chosen from {pluralize(tuning['trials'], 'trial')} of "
        f"{pluralize(tuning['epochs'], 'epoch')}: the recipe's own values, and random values that were the same for "
        f"all. They were chosen by {val['metric'].replace('_', ' ')} on {pluralize(val['images'], 'val image')}, which "
        "are not among the images of the table, with a seed that the comparison does not use. Tuning took "
        f"{duration(tuning['seconds'])} of training. {chosen}.{caution}"
    ]


def _chosen(tuned: Mapping[str, Any]) -> str:
    if tuned["trial"] is None:
        return "no trial was completed, so that the recipe's own values are used"
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
        f"At first all networks had {content['seeds']} seeds. Networks that were not distinguishable from all others, "
        f"by their best checkpoints under all attacks together, got more seeds, up to {content['most_seeds']}: "
        f"{seeds}. The results are tested at most {content['looks']} times, each time at {content['look_level']:.2%} "
        "(Bonferroni), so that the probability that any two equal networks are ever called distinguishable is at most "
        f"{content['level']:.0%}. Means of networks with fewer seeds are adjusted for seeds by least squares, and "
        "their pairs are tested by Tukey and Kramer; smallest gaps are those of the networks with the most seeds."
    ]


def _seeds(content: Content) -> str:
    seeds = [one["seeds"] for one in content["networks"]]
    if min(seeds) == max(seeds):
        return pluralize(max(seeds), "seed")
    return f"{min(seeds)} to {max(seeds)} seeds"


def _at_chance(content: Content) -> list[str]:
    """Return a warning on networks whose best checkpoints have a clean accuracy no better than chance."""
    images, classes = content["images"], content["data"]["num_classes"]
    clean = next(c for c in content["columns"] if (c["checkpoint"], c["attack"]) == (PRIMARY[0], CLEAN))
    names = [
        one["name"]
        for one, score in zip(content["networks"], clean["networks"], strict=True)
        if score["mean"] is not None and is_at_chance(score["mean"], images, classes)
    ]
    return [chance_text(names, classes)] if names else []


def _degrees_note(content: Content) -> list[str]:
    """Return a warning if few seeds say little of the noise."""
    tested = [one for one in content["networks"] if not one["untested"]]
    seeds = min((one["seeds"] for one in tested), default=0)
    degrees = (len(tested) - 1) * (seeds - 1)
    if main_column(content)["detectable"] is None or degrees >= _ENOUGH:
        return []
    return [
        f"The noise of seeds is estimated with only {pluralize(degrees, 'degree')} of freedom, from "
        f"{pluralize(seeds, 'seed')} of {pluralize(len(tested), 'network')}: intervals and smallest gaps are wide, and "
        "differ between columns by chance. More seeds make them narrower."
    ]


def legend(content: Content) -> str:
    """Return the sentence that explains the cells of the table."""
    tested = f"Tukey's test of all pairs, {100 * content['look_level']:.3g} %"
    return (
        "Accuracies are in per cent, with half the width of their 95 % interval in points; \u2020 marks an interval "
        "that is cut at 0 % or 100 %. A difference below the smallest gap is likely to be missed. Networks that share "
        f"a letter are indistinguishable at 95 % ({tested})."
    )


def notes(content: Content) -> list[str]:
    """Return the sentences that a reader must know about the numbers."""
    found = [content["data"]["note"]] if content["data"]["note"] else []
    found += _at_chance(content)
    found += _degrees_note(content)
    found += method_notes(content)
    found += [f"{one['name']}: {one['untested']}." for one in content["networks"] if one["untested"]]
    found += [f"{one['name']}: {note}." for one in content["networks"] for note in one["notes"]]
    found += [
        f"{one['name']}: signs of overestimated robustness: {', '.join(one['flags'])}."
        for one in content["networks"]
        if one["flags"]
    ]
    if not content["flags_looked_for"]:
        found.append("The networks were not checked for signs of overestimated robustness.")
    found += _search_costs(content)
    devices = sorted({device for one in content["networks"] for device in one["devices"]})
    if devices:
        found.append(
            "Latency is the time of a forward pass of one image in float32 (on a GPU without the launch), and training "
            "is the time of one seed, both on "
            f"{' and '.join(devices)}. Other processes may have run there at the same time."
        )
    return found


def _search_costs(content: Content) -> list[str]:
    """Return the sentence on what the searches that found networks have cost, if any network has one."""
    costs = {one["name"]: one["search_cost"] for one in content["networks"] if one.get("search_cost")}
    if not costs:
        return []
    each = (
        f"{name} {format_size(cost['images_forward'])} forward, {format_size(cost['images_backward'])} backward and "
        f"{duration_text(cost['device_seconds'])}"
        for name, cost in costs.items()
    )
    others = "" if len(costs) == len(content["networks"]) else "; that of the other networks is not known here"
    found = [f"Cost of the searches, in images passed and in time on a device: {'; '.join(each)}{others}."]
    if content.get("search_cost"):
        found.append(
            f"Each search is taken as it was when {format_size(content['search_cost'])} images had passed forward and "
            "backward, with those of its supernet if it has one."
        )
    return found


def percent(value: float | None) -> str:
    """Format an accuracy in per cent with two digits; a dash if it is missing."""
    return "\u2013" if value is None else f"{100 * value:.2f}"


def half_width(score: Mapping[str, Any]) -> str:
    """Format half the width of an interval in points; a dash for a mean without one, empty without a mean."""
    if score["half_width"] is None:
        return "" if score["mean"] is None else "\u2013"
    return f"{100 * score['half_width']:.2f}"


def gap(detectable: float | None) -> str:
    """Format a smallest detectable gap in points; a dash if nothing is tested."""
    if detectable is None:
        return "\u2013"
    return f"{100 * detectable:.2f}" if detectable < 1 else "over 100"


def duration(seconds: float | None) -> str:
    """Format a time as seconds, minutes or hours; a dash if it is missing."""
    if seconds is None:
        return "\u2013"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def latency(milliseconds: float | None) -> str:
    """Format a latency in milliseconds; a dash if it is missing."""
    return "\u2013" if milliseconds is None else f"{milliseconds:.3g} ms"
