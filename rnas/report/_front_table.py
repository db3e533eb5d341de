"""Say what a reader of a front must know, and write it as CSV."""

from collections.abc import Mapping
from typing import Any

from rnas.report import _front_view as front_view
from rnas.report._blocks import Block, notes
from rnas.report._chance import chance_notes
from rnas.report._front import FrontMember, members
from rnas.report._provenance import input_shape
from rnas.report._text_forms import comma_separated
from rnas.utils._metric import metrics_of

_KNEE = "The knee is the member farthest from the {through} the ends of the front, towards the ideal."


def blocks(run: Mapping[str, Any]) -> list[Block]:
    """Return the front, what its numbers mean, and what a reader must know about it.

    Args:
        run: what ``result.json`` of a search holds, with the ``knee`` and ``num_classes``, as far as they are known.
    """
    metrics = metrics_of(run)
    front = members(run, metrics)
    shape = input_shape(run["evaluations"])
    counted = shape and any(metric.name == "flops" and metric.direction for metric in metrics)
    return [
        front_view.table(front, metrics, run.get("knee")),
        *([f"FLOPs are those of one {shape} image."] if counted else []),
        *legend(run, front),
        *front_view.sentences(front, metrics),
        *notes([*chance_notes(run, front, metrics), *run["notes"]]),
    ]


def legend(run: Mapping[str, Any], front: list[FrontMember]) -> list[str]:
    """Return sentences on how the numbers of the front came about."""
    said = []
    if any(score.test is not None for member in front for score in member.objectives):
        said.append(
            "An accuracy is first that on the images of the search, by which networks were chosen; test is that on the "
            "test images, and drop is how many points it is lower there."
        )
    if run.get("knee"):
        through = "line between" if len(run["objectives"]) < 3 else "plane through"
        said.append(_KNEE.format(through=through))
    return [*said, *evaluated_as(run)]


def evaluated_as(run: Mapping[str, Any]) -> list[str]:
    """Return a line on the attack, images, seed and recipe behind a run's accuracies; empty if nothing was trained."""
    trained = [e for e in run["evaluations"] if {"evaluation", "data", "recipe"} <= e["provenance"].keys()]
    if not trained:
        return []
    provenance = trained[-1]["provenance"]
    attack, data = provenance["evaluation"], provenance["data"]
    images = data.get("images")
    split = f": {images['search_val']} images for the search, {images['test']} for the test" if images else ""
    return [
        f"{attack['attack']}, {attack['steps']} steps, epsilon {attack['epsilon']}; {data['name']}{split}; "
        f"recipe {provenance['recipe']['name']}; seed {trained[-1]['seed']}"
    ]


def pareto_csv(run: Mapping[str, Any]) -> str:
    """Return the front as CSV text: key, objectives, all other metrics, search variables; missing values are empty.

    A variable with the same name as a metric is called ``parameter:NAME``.

    Args:
        run: what ``result.json`` of a search holds.
    """
    metrics = metrics_of(run)
    front = members(run, metrics)
    names = ["key", *(metric.name for metric in metrics)]
    variables = dict.fromkeys(name for member in front for name in member.evaluation["parameters"])
    columns = {name: f"parameter:{name}" if name in names else name for name in variables}
    rows = [
        {
            "key": member.key,
            **member.evaluation["metrics"],
            **{columns[name]: value for name, value in member.evaluation["parameters"].items()},
        }
        for member in front
    ]
    return comma_separated([*names, *columns.values()], rows)
