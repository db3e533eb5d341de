"""Tune learning rate and weight decay of each network, with the same budget, before networks are compared.

One recipe for all favours the networks that it was made for. Every network is therefore trained with the unchanged
recipe and with the same random values of both fields, and the values of the trial that is most robust on the val split
are used. Tuning uses neither the test split, on which networks are compared, nor a seed of the comparison.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, model_validator

from rnas.errors import InputError
from rnas.experiment import RESULT, Listener, kind_at
from rnas.experiments.comparison.networks import ComparedNetwork
from rnas.experiments.comparison.settings import ComparisonSettings
from rnas.experiments.tuning._space import default_space
from rnas.experiments.tuning.settings import TuningSettings
from rnas.experiments.tuning.tuning import Tuning
from rnas.experiments.tuning.tuning import tuning_settings as resolve_tuning
from rnas.nas.execution._local import slots
from rnas.nas.execution.ray_settings import cluster
from rnas.networks import architecture as arch
from rnas.utils._json_files import Content, Share, read_content

FIELDS = ("learning_rate", "weight_decay")

SEED = 2**30
"""Seed of tunings; the seeds of the comparison begin at 0."""


class _Trial(Content):
    parameters: dict[str, float]
    value: Share | None
    state: str
    seconds: NonNegativeFloat


class _Comparison(Content):
    indistinguishable: bool


class _Summary(Content):
    """Define what is read of a tuning's result."""

    space: dict[str, str]
    val: dict[str, Any]
    trials: Annotated[list[_Trial], Field(min_length=1)]
    best: int | None
    comparison: _Comparison | None

    @model_validator(mode="after")
    def _has_best(self) -> "_Summary":
        if self.best is not None and not 0 <= self.best < len(self.trials):
            raise ValueError(f"best is {self.best}, but there are only {len(self.trials)} trials")
        return self


def tuning_settings(settings: ComparisonSettings, one: ComparedNetwork, device: str) -> TuningSettings:
    """Return the settings of the tuning of a network.

    Args:
        settings: settings of the comparison, with a budget for tuning.
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
    return resolve_tuning(training, space, trials=budget.trials, sampler="random", pruner="none")


def tune_all(
    folder: Path, settings: ComparisonSettings, workers: int | None, listener: Listener
) -> dict[str, Mapping[str, Any]]:
    """Tune each network that is not tuned yet, and return the results by the networks' names.

    Args:
        folder: folder with a directory for each network.
        settings: settings of the comparison; without a budget for tuning, nothing is tuned.
        workers: trials at once; see :func:`rnas.nas.execution._local.executor_of`.
        listener: learns of progress.

    Raises:
        InputError: a network cannot be trained with the recipe as it is.
        LedgerError: a tuning is damaged.
    """
    if settings.tuning is None:
        return {}
    device = "cuda" if slots(workers)[0].startswith("cuda") else "cpu"
    for one in settings.networks:
        path = tuning_path(folder, one)
        if kind_at(path) is None:
            Tuning.create(tuning_settings(settings, one, device), path)
        if not Tuning.open(path).result_file.exists():
            try:
                own = len(slots(workers)) if workers is None and cluster() is None else workers
                Tuning.open(path).run(listener, workers=own)
            except InputError as error:
                raise InputError(f"tuning {one.name}: {error}") from None
    return tuning_results(folder, settings)


def tuning_results(folder: Path, settings: ComparisonSettings) -> dict[str, Mapping[str, Any]]:
    """Return the results of the tunings that have ended, by the networks' names."""
    files = {one.name: tuning_path(folder, one) / RESULT for one in settings.networks}
    return {name: read_content(file, _Summary) for name, file in files.items() if file.exists()}


def tuning_path(folder: Path, one: ComparedNetwork) -> Path:
    """Return the directory of a network's tuning."""
    return folder / arch.key(one.network)


def chosen(summary: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the values that a tuning chose. They are empty, which keeps the recipe, if no trial was completed."""
    if summary is None or summary["best"] is None:
        return {}
    return dict(summary["trials"][summary["best"]]["parameters"])


def content_of(settings: ComparisonSettings, summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what was tuned, and how, as JSON values; None if nothing was."""
    if settings.tuning is None:
        return None
    first = next(iter(summaries.values()))
    return {
        "trials": settings.tuning.trials,
        "epochs": settings.tuning.epochs,
        "seed": SEED,
        "space": first["space"],
        "val": first["val"],
        "seconds": sum(seconds(summary) for summary in summaries.values()),
    }


def network_content(summary: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what a network's tuning chose and the recipe before it, as JSON values; None without a tuning."""
    if summary is None:
        return None
    rows = summary["trials"]
    best = None if summary["best"] is None else rows[summary["best"]]
    return {
        "trial": summary["best"],
        "parameters": chosen(summary),
        "value": None if best is None else best["value"],
        "recipe_value": rows[0]["value"],
        "indistinguishable": None if summary["comparison"] is None else summary["comparison"]["indistinguishable"],
        "states": [row["state"] for row in rows],
        "seconds": seconds(summary),
    }


def seconds(summary: Mapping[str, Any]) -> float:
    """Return the seconds that the trials of a tuning took."""
    return float(sum(row["seconds"] for row in summary["trials"]))
