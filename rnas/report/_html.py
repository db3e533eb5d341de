"""Render the report of a run as one HTML file that needs no other files."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from rnas.report import _final_evaluation as final_evaluation
from rnas.report import _front_view as front_view
from rnas.report import _page as page
from rnas.report import fidelity, rules
from rnas.report._blocks import Block
from rnas.report._chance import chance_notes
from rnas.report._drawing import draw
from rnas.report._front import FrontMember, Score, at_highest_rung, members
from rnas.report._front_table import legend as front_legend
from rnas.report._page_data import page_data
from rnas.report._progress import Hypervolume, normalised_hypervolume, surrogate_sentences
from rnas.report._provenance import facts, input_shape
from rnas.report._published import NOTE
from rnas.utils._metric import Metric, metrics_of
from rnas.utils.quantities import format_size

_SCRIPTS = (
    "data.js",
    "theme.js",
    "plots.js",
    "details.js",
    "panel.js",
    "filter.js",
    "front_plot.js",
    "progress_plots.js",
    "curves_plot.js",
    "sorting.js",
    "evaluations.js",
)


@dataclass(frozen=True)
class Tile:
    """One number of the headline."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True)
class Section:
    """One section of blocks: its id, its name in the navigation, its title."""

    id: str
    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Network:
    """One drawn architecture of the front."""

    key: str
    scores: str
    drawing: Markup
    text: str


def render(run: Mapping[str, Any]) -> str:
    """Return the report as HTML text, from the content of ``result.json``.

    Equal runs give equal text.

    Args:
        run: the run's JSON object, in which null stands for a missing number.
    """
    metrics = metrics_of(run)
    front = members(run, metrics)
    hypervolume = normalised_hypervolume(run)
    shape = input_shape(run["evaluations"])
    data = page_data(run, metrics, front, hypervolume, shape)
    dataset = next((name for e in run["evaluations"] if (name := _data_name(e))), "")
    return page.render(
        "report.html",
        scripts=_SCRIPTS,
        charts=True,
        data=data,
        name=run["name"],
        space=_name(run["config"].get("space")),
        dataset=dataset,
        shape=shape,
        objectives=[metric for metric in metrics if metric.direction],
        tiles=_tiles(run, metrics, front, hypervolume),
        notes=[*chance_notes(run, front, metrics), *run["notes"]],
        front=front_view.table(front, metrics, run.get("knee")) if front else None,
        published=data["published"],
        filtered=True,
        chart_caption=_chart_caption(run, shape, front, metrics, bool(data["published"])),
        sections=list(_sections(run)),
        front_sentences=[*front_view.sentences(front, metrics), *front_legend(run, front)],
        networks=[_network(member) for member in front],
        hypervolume_label=hypervolume.label,
        hypervolume_last="none" if hypervolume.last is None else f"{hypervolume.last:.3f}",
        has_hypervolume=bool(front) and hypervolume.last is not None,
        surrogate=run["surrogate"],
        surrogate_sentences=surrogate_sentences(run, metrics),
        has_curves=any(member.evaluation.get("curve") for member in front),
        config=page.yaml_text(run["config"]),
        facts=facts(run["evaluations"]),
    )


def _sections(run: Mapping[str, Any]) -> Iterator[Section]:
    """Yield what else was done with the run: final evaluation, studies of its rungs, rules."""
    if run.get("final_evaluation"):
        shown = final_evaluation.blocks(run["final_evaluation"])
        yield Section("final-evaluation", "Final evaluation", "Final evaluation of the front", shown)
    for number, study in enumerate(run.get("fidelity", ()), 1):
        name = "fidelity" if number == 1 else f"fidelity-{number}"
        yield Section(name, "Rungs", "How well the lower rungs rank networks", fidelity.section(study))
    if run.get("rules"):
        found = rules.section(run["rules"], _with_metric(run, run["rules"]["metric"]))
        yield Section("rules", "Rules", "Rules of depth and width", found)


def _name(part: Any) -> str:
    """Return the name in a part of the config, which is a name or a mapping with a name."""
    return str(part.get("name", "")) if isinstance(part, Mapping) else str(part or "")


def _data_name(evaluation: Mapping[str, Any]) -> str:
    return str(((evaluation.get("provenance") or {}).get("data") or {}).get("name") or "")


def _with_metric(run: Mapping[str, Any], metric: str) -> int:
    """Count the evaluations at the highest rung that have a metric."""
    return sum(at_highest_rung(run, e) and e["metrics"].get(metric) is not None for e in run["evaluations"])


def _tiles(
    run: Mapping[str, Any], metrics: tuple[Metric, ...], front: list[FrontMember], hypervolume: Hypervolume
) -> list[Tile]:
    evaluations = run["evaluations"]
    seconds = sum(evaluation.get("seconds") or 0 for evaluation in evaluations)
    objectives = [metric for metric in metrics if metric.direction]
    tiles = [
        Tile("Evaluations", f"{len(evaluations):,}", _statuses(run)),
        Tile("On the front", f"{len(front):,}", f"of {len({e['key'] for e in evaluations}):,} architectures"),
        *(_best(metric, front) for metric in objectives[:3]),
    ]
    if front and hypervolume.last is not None:
        tiles.append(Tile("Hypervolume", f"{hypervolume.last:.3f}", hypervolume.label))
    if seconds:
        tiles.append(Tile("Evaluation time", _duration(seconds), "summed over evaluations"))
    if cost := run.get("cost"):
        passed = f"{format_size(cost['images_forward'])} forward, {format_size(cost['images_backward'])} backward"
        tiles.append(Tile("Images passed", format_size(cost["images_forward"] + cost["images_backward"]), passed))
    return tiles


def _best(metric: Metric, front: list[FrontMember]) -> Tile:
    scored: list[tuple[float, Score, FrontMember]] = [
        (value, member.score(metric), member) for member in front if (value := member.score(metric).search) is not None
    ]
    word = "Highest" if metric.direction == "maximize" else "Lowest"
    label = f"{word} {metric.phrase}"
    if not scored:
        return Tile(label, "\u2013", "nothing complete")
    best = metric.better(value for value, _, _ in scored)
    score, member = next((score, member) for value, score, member in scored if value == best)
    test = "" if score.test is None else f"{metric.format(score.test)} on the test images, "
    others = (s for s in member.objectives if s.metric.name != metric.name)
    others_text = ", ".join(f"{s.metric.format(s.search)} {s.metric.phrase}" for s in others)
    return Tile(
        label, metric.format(best), f"{test}{others_text}" + (f" ({member.key})" if others_text else member.key)
    )


def _statuses(run: Mapping[str, Any]) -> str:
    counts = Counter(evaluation["status"] for evaluation in run["evaluations"])
    return ", ".join(f"{count:,} {status.replace('-', ' ')}" for status, count in counts.most_common())


def _chart_caption(
    run: Mapping[str, Any], shape: str, front: list[FrontMember], metrics: tuple[Metric, ...], published: bool
) -> str:
    """Return the sentences that say what the chart leaves out, and the image shape of its costs."""
    counts = Counter(e["status"] for e in run["evaluations"] if e["status"] != "complete")
    said = ""
    if counts:
        missing = ", ".join(f"{count:,} {status.replace('-', ' ')}" for status, count in counts.most_common())
        said = f"Not drawn, since they have no numbers: {missing}. "
    if any(metric.name == "flops" for metric in metrics) and shape:
        said += f"FLOPs are multiply-accumulates of convolutions and linear layers for one {shape} image. "
    if any(score.share for member in front for score in member.objectives):
        said += "Bars on the front are 95 % Wilson intervals. "
    if published:
        said += NOTE
    return said.strip()


def _network(member: FrontMember) -> Network:
    scores = ", ".join(f"{s.metric.format(s.search)} {s.metric.phrase}" for s in member.objectives)
    architecture = member.evaluation["architecture"]
    return Network(member.key, scores, Markup(draw(architecture)), json.dumps(architecture, ensure_ascii=False))


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min"
