"""Describe an evaluation: its accuracies, and all that decided them."""

from collections.abc import Iterator, Mapping
from typing import Any

from rnas.evaluation.evaluation_result import Cost, EvaluationResult, MeasuredAccuracy
from rnas.report._blocks import Block, Facts, Line, Table, columns, notes
from rnas.utils.quantities import pluralize

_HEADINGS = ("images", "accuracy", "95 % interval", "broken", "seconds", "passes", "zero gradients")


def blocks(result: EvaluationResult) -> list[Block]:
    """Return what :func:`rnas.experiments.evaluate.evaluate_weights` found."""
    shown: list[Block] = [Table(columns(*_HEADINGS), tuple(_rows(result)))]
    if result.corruptions is not None:
        shown.append(_corruptions(result.corruptions))
    shown += notes(result.weights.notes)
    if result.flags:
        shown.append(Line("Signs that the robustness is overestimated:", "alarm"))
    for flag in result.flags or ():
        measured = f"({flag.value:.3g}, above {flag.threshold:.3g})"
        shown.append(Line(f"  {flag.name} {measured}: {flag.explanation}", "alarm"))
    return [*shown, Facts(_attacks(result)), Facts(_facts(result))]


def _rows(result: EvaluationResult) -> Iterator[tuple[str, ...]]:
    none = ("",) * 4
    several = len(result.threats) > 1
    yield "clean", *_share(result.clean), *none
    for attack in result.attacks:
        broken = str(result.clean.correct - attack.correct)
        name = f"{attack.threat} {attack.name}" if several else attack.name
        yield name, *_share(attack), broken, *_passes(attack.cost)
        for member in attack.members:
            yield f"  {member.name}", "", "", f"{member.broken} of {member.attacked}", *_passes(member.cost)
        for name in attack.left_out:
            yield f"  {name}", "", "", "left out", "", "", ""
    if several:
        for threat in result.threats:
            yield f"all {threat.name}", *_share(threat), *none
    yield "worst case", *_share(result.worst_case), *none


def _corruptions(content: Mapping[str, Any]) -> Table:
    """Return the accuracy under each corruption at severities 1 to 5, and their mean."""
    rows = []
    for entry in content["corruptions"]:
        mark = "" if entry["name"] in content["comparable"] else " *"
        shares = (f"{at['accuracy']:.1%}" for at in entry["severities"])
        rows.append((entry["name"] + mark, f"{entry['accuracy']:.1%}", *shares))
    for label, mean in (("the 15 of the paper", content["mean"]), ("all 19", content["mean_of_19"])):
        if mean is not None:
            interval = f"{mean['low']:.1%} - {mean['high']:.1%}"
            rows.append((label, f"{mean['accuracy']:.1%}", interval, "", "", "", ""))
    ours = "" if content["images"] == "published" else "; * ours, not comparable with published images"
    caption = f"Common corruptions at severities 1 to 5, {content['images']} images{ours}."
    return Table(columns("corruption", "mean", "1", "2", "3", "4", "5"), tuple(rows), caption)


def _share(accuracy: MeasuredAccuracy) -> tuple[str, str]:
    return f"{accuracy.accuracy:.2%}", f"{accuracy.low:.2%} - {accuracy.high:.2%}"


def _passes(cost: Cost) -> tuple[str, str, str]:
    zeros = "" if cost.zero_gradient_share is None else f"{cost.zero_gradient_share:.1%}"
    return f"{cost.seconds:.1f}", f"{cost.forward_passes:,} + {cost.backward_passes:,}", zeros


def _attacks(result: EvaluationResult) -> dict[str, str]:
    """Return what each name in the table stands for."""
    several = len(result.threats) > 1
    shown: dict[str, str] = {}
    for attack in result.attacks:
        words = {member.name: _words(member.settings) for member in attack.members} or {
            attack.name: _words(attack.settings)
        }
        words |= {name: f"left out: {reason}" for name, reason in attack.left_out.items()}
        shown |= {f"{attack.threat} {name}" if several else name: text for name, text in words.items()}
    shown["worst case"] = f"right as they are and under every attack{' of every threat' if several else ''}"
    return shown | {"passes": "images that the network classified + gave a gradient for"}


def _words(settings: Mapping[str, Any]) -> str:
    """Return an attack's settings: those of PGD in a sentence, others one by one."""
    steps, size, start = settings.get("steps"), settings.get("step_size"), settings.get("start")
    if size is not None and isinstance(start, Mapping):
        count = "1 step" if steps == 1 else f"{steps} steps"
        origin = "the image" if start["noise"] == "none" else "a random start"
        restarts = settings.get("restarts", 1)
        again = f", {restarts} restarts" if restarts > 1 else ""
        return f"{count} of {size} on the {settings['loss']} from {origin}{again}"
    named = (name for name in settings if name not in ("norm", "epsilon"))
    return ", ".join(f"{name.replace('_', ' ')} {settings[name]}" for name in named).removeprefix("name ")


def _facts(result: EvaluationResult) -> dict[str, str]:
    data, weights, checks = result.data, result.weights, result.flag_checks
    flags = pluralize(len(result.flags or ()), "flag")
    own = f"{pluralize(data.images, 'image')} of the test split"
    images = pluralize(data.images, "published test image") if data.published_test_images else own
    return {
        "network": result.network,
        "weights": f"{weights.file or 'of a module'}, sha256 {weights.sha256[:16]}",
        "data": f"{data.name}, the first {images} by split seed {data.split_seed}, hash {data.hash}",
        "ball": "; ".join(f"{threat.norm}, epsilon {threat.epsilon}" for threat in result.threats)
        + " for pixels in [0, 1]",
        "noise": f"seed {result.seed}",
        "batches": f"{pluralize(result.batch_size, 'image')}, {result.precision}",
        "checks": f"{len(checks.names)} on {pluralize(checks.images, 'image')}, {flags}" if checks else "",
        "intervals": result.interval,
        "device": result.device,
        "versions": ", ".join(f"{library} {version}" for library, version in result.versions.items()),
        "note": result.note.removesuffix(" ".join(result.weights.notes)).strip(),
    }
