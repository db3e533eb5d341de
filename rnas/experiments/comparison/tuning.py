"""Each network's own learning rate and weight decay, tuned with the same budget before networks are compared.

One recipe for all favours the networks that it was made for. Every network is tried with the recipe as it is and with
the same random values of both, and keeps those of the trial that is most robust on the selection part. The final part,
on which networks are compared, is not looked at, and no seed of the comparison is used.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rnas.errors import InputError
from rnas.experiment import Listener
from rnas.experiments.comparison.networks import Entrant
from rnas.experiments.comparison.settings import ComparisonSettings
from rnas.experiments.tuning.settings import TuningSettings
from rnas.experiments.tuning.space import default_space
from rnas.experiments.tuning.tuning import Tuning
from rnas.experiments.tuning.tuning import tuning_settings as settled
from rnas.nas.execution.local import slots
from rnas.networks import architecture as arch

FIELDS = ("learning_rate", "weight_decay")

SEED = 2**30
"""Of tunings: those of the comparison begin at 0."""

ListenerFactory = Callable[[Path], AbstractContextManager[Listener]]
"""Made from the directory of a tuning, for as long as it takes."""


def tuning_settings(settings: ComparisonSettings, one: Entrant, device: str) -> TuningSettings:
    """The tuning of a network.

    Args:
        settings: of the comparison, which tunes.
        one: the network.
        device: ``cpu`` or ``cuda``.

    Raises:
        InputError: the recipe cannot be trained with the values that would be tried.
    """
    budget = settings.tuning
    assert budget is not None
    training = settings.training.training_of(one.name, one.architecture, SEED, device)
    training = training.model_copy(update={"fidelity": training.fidelity.model_copy(update={"epochs": budget.epochs})})
    space = {key: values for key, values in default_space(training.recipe).items() if key in FIELDS}
    # Random: what other samplers suggest depends on a network's results, so that networks would not be tried alike.
    return settled(training, space, trials=budget.trials, sampler="random", pruner="none")


def tuned(
    folder: Path, settings: ComparisonSettings, workers: int | None, listener: ListenerFactory
) -> dict[str, Mapping[str, Any]]:
    """The summary of the tuning of each network, by its name, from where it stopped; empty where nothing is tuned.

    Args:
        folder: of a directory for each.
        settings: of the comparison.
        workers: trials at once; see :func:`rnas.nas.execution.local.local_executor`.
        listener: makes what is told of progress.

    Raises:
        InputError: a network cannot be trained with the recipe as it is.
        LedgerError: a tuning is damaged.
    """
    if settings.tuning is None:
        return {}
    device = "cuda" if slots(workers)[0].startswith("cuda") else "cpu"
    found = {}
    for one in settings.networks:
        path = folder / arch.key(one.network)
        tuning = Tuning.open(path) if path.exists() else Tuning.create(tuning_settings(settings, one, device), path)
        if not tuning.result_file.exists():
            with listener(path) as told:
                try:
                    tuning.run(told, workers=len(slots(workers)) if workers is None else workers)
                except InputError as error:
                    raise InputError(f"tuning {one.name}: {error}") from None
        found[one.name] = json.loads(tuning.result_file.read_text(encoding="utf-8"))
    return found


def chosen(summary: Mapping[str, Any] | None) -> dict[str, float]:
    """The values that a tuning chose; empty, which leaves the recipe as it is, where no trial was completed."""
    if summary is None or summary["best"] is None:
        return {}
    return dict(summary["trials"][summary["best"]]["parameters"])


def content_of(settings: ComparisonSettings, summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """What was tuned, and how, as JSON values; None where nothing was."""
    if settings.tuning is None:
        return None
    first = next(iter(summaries.values()))
    return {
        "trials": settings.tuning.trials,
        "epochs": settings.tuning.epochs,
        "seed": SEED,
        "space": first["space"],
        "selection": first["selection"],
        "seconds": sum(seconds(summary) for summary in summaries.values()),
    }


def network_content(summary: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a network's tuning chose, beside the recipe as it is, as JSON values; None where it has none."""
    if summary is None:
        return None
    rows = summary["trials"]
    best = None if summary["best"] is None else rows[summary["best"]]
    return {
        "trial": summary["best"],
        "parameters": chosen(summary),
        "value": None if best is None else best["value"],
        "recipe_value": rows[0]["value"],
        "inside_noise": None if summary["comparison"] is None else summary["comparison"]["inside_noise"],
        "states": [row["state"] for row in rows],
        "seconds": seconds(summary),
    }


def seconds(summary: Mapping[str, Any]) -> float:
    """That the trials of a tuning took."""
    return float(sum(row["seconds"] for row in summary["trials"]))
