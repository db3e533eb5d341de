"""Hold the result of a tuning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from rnas.data.dataset import divide
from rnas.data.loading import load_dataset
from rnas.experiments.training._evaluation import val_words
from rnas.experiments.training._history import best_row
from rnas.experiments.tuning._study import TuningStudy, result_of
from rnas.experiments.tuning.settings import TuningSettings
from rnas.networks import architecture as arch
from rnas.statistics.proportions import indistinguishable, proportion
from rnas.utils._tabular import Tabular, notebook_table

SCHEMA_VERSION = 1

_LEAST_FOR_IMPORTANCE = 4
"""Complete trials for each field that is tuned; of fewer the analysis of variance says nothing."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class TuningResult(Tabular):
    """Hold what a tuning has come to so far.

    Attributes:
        path: directory of the tuning.
        settings: everything that decides it.
        summary: trials, best recipe and all that decided them, as ``result.json`` holds them.
    """

    path: Path
    settings: TuningSettings
    summary: Mapping[str, Any]

    @property
    def trials(self) -> Sequence[Row]:
        """Return a row for each trial, see :func:`trial_row`."""
        rows: Sequence[Row] = self.summary["trials"]
        return rows

    @property
    def best(self) -> Row | None:
        """Return the row of the best trial; None if no trial was completed."""
        return None if self.summary["best"] is None else self.trials[self.summary["best"]]

    @property
    def recipe(self) -> Mapping[str, Any] | None:
        """Return the best recipe, as :func:`rnas.train` takes it; None if no trial was completed."""
        config = self.summary["config"]
        return None if config is None else config["recipe"]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return dict(self.summary)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each trial, with a column for each field that was tuned."""
        kept = ("number", "state", "value", "low", "high", "epoch", "seconds")
        return [{**{key: row.get(key) for key in kept}, **row["parameters"]} for row in self.trials]

    def __repr__(self) -> str:
        """Return the tuning in a line."""
        return f"<TuningResult {self.path}: {len(self.trials)} trials, best: trial {self.summary['best']}>"

    def _repr_html_(self) -> str:
        tuned = tuple(self.summary["space"])
        rows = []
        for row in self.trials:
            reached = None if row["value"] is None else f"{row['value']:.1%}"
            rows.append((row["number"], *(row["parameters"].get(key) for key in tuned), reached, row["state"]))
        columns = ("trial", *tuned, self.summary["val"]["metric"], "state")
        return notebook_table(f"Tuning {self.path}, best: trial {self.summary['best']}", columns, rows)


def summarised(settings: TuningSettings, study: TuningStudy) -> dict[str, Any]:
    """Return trials, the best one, its comparison with the recipe as given, and its config, as JSON values."""
    training = settings.training
    dataset = load_dataset(training.data, training.data_dir)
    images = len(divide(dataset, training.images, training.split_seed)["val"])
    rows = [trial_row(settings, trial, images) for trial in study.trials]
    complete = [row for row in rows if row["state"] == "complete"]
    best = max(complete, key=lambda row: (row["value"], -row["number"]), default=None)
    return {
        "schema_version": SCHEMA_VERSION,
        "network": training.network,
        "key": arch.key(arch.from_dict(training.architecture)),
        "recipe": training.recipe.name,
        "recipe_changes": list(training.recipe_changes),
        "epochs": training.fidelity.epochs,
        "epsilon": str(training.eps),
        "seed": training.seed,
        "val": {
            "metric": settings.metric.removeprefix("val_"),
            "attack": val_words(training),
            "images": images,
            "split": "val, taken from the published training images; each trial has the value of its best epoch",
        },
        "space": dict(settings.space),
        "sampler": settings.sampler,
        "pruner": settings.pruner,
        "trials": rows,
        "best": None if best is None else best["number"],
        "comparison": _compared(rows, best, images),
        "importance": _importance(settings, study),
        "config": None if best is None else {"recipe": settings.recipe_config(best["parameters"])},
        **study.provenance,
        "settings": settings.model_dump(mode="json"),
    }


def trial_row(settings: TuningSettings, trial: FrozenTrial, images: int) -> dict[str, Any]:
    """Return one trial as JSON values.

    ``value`` is the metric at the best epoch so far, with the ends ``low`` and ``high`` of its Wilson 95 % interval;
    ``state`` complete, pruned, open, or how the training failed.
    """
    result = result_of(trial)
    curve: Sequence[Mapping[str, float]] = result.get("curve", ())
    row: dict[str, Any] = {
        "number": trial.number,
        "state": state_of(trial),
        "parameters": dict(trial.params),
        "value": None,
        "epochs_done": len(curve),
        "seconds": result.get("seconds", 0.0),
        "reason": result.get("reason", ""),
    }
    if not curve:
        return row
    best = best_row(curve, settings.training.recipe)
    share = proportion(best[settings.metric], images)
    return row | {
        "value": share.value,
        "low": share.low,
        "high": share.high,
        "epoch": int(best["epoch"]),
        "clean_accuracy": best["val_clean_accuracy"],
        "robust_accuracy": best["val_robust_accuracy"],
        "curve": [dict(point) for point in curve],
    }


def state_of(trial: FrozenTrial) -> str:
    """Return ``complete``, ``pruned``, ``open``, or how the training failed."""
    result = result_of(trial)
    if not result:
        return "open"
    if trial.state is TrialState.PRUNED and result["status"] == "complete":
        return "pruned"
    return str(result["status"])


def _compared(rows: Sequence[Row], best: Row | None, images: int) -> dict[str, Any] | None:
    """Return the best trial minus trial 0; None if one of them has no value."""
    if best is None or not rows or rows[0]["state"] != "complete":
        return None
    return {
        "published": rows[0]["value"],
        "best": best["value"],
        "difference": best["value"] - rows[0]["value"],
        "indistinguishable": indistinguishable(proportion(best["value"], images), proportion(rows[0]["value"], images)),
    }


def _importance(settings: TuningSettings, study: TuningStudy) -> dict[str, float] | None:
    """Return the share of variance that each field explains (fANOVA; Hutter et al., ICML 2014); None for few trials."""
    keys = list(settings.space)
    held = [t for t in study.trials if t.state is TrialState.COMPLETE and keys == [k for k in keys if k in t.params]]
    if len(held) < _LEAST_FOR_IMPORTANCE * len(keys) or len({trial.value for trial in held}) < 2:
        return None
    shares = get_param_importances(study.study, evaluator=FanovaImportanceEvaluator(seed=0), params=keys)
    return {key: float(share) for key, share in shares.items()}
