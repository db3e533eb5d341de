"""Summarise a training, with everything that decided it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from rnas.errors import InputError
from rnas.experiments.training._activation import activation_note
from rnas.experiments.training._evaluation import ATTACK_SEED, described_attacks, val_words
from rnas.experiments.training._history import Row, chosen_by
from rnas.experiments.training.checkpoint import Checkpoint
from rnas.experiments.training.setup import Setup
from rnas.networks import architecture as arch
from rnas.utils._json_files import Content, Share, checked_content
from rnas.utils.provenance import device_name, processor, versions

SCHEMA_VERSION = 1

Status = Literal["complete", "overfitted", "diverged"]
"""How a training ended. ``overfitted`` is catastrophic overfitting: the result is from before it."""


class _Accuracy(Content):
    accuracy: Share
    low: Share
    high: Share


class _NamedAccuracy(_Accuracy):
    name: str


class _Test(Content):
    clean: _Accuracy
    attacks: list[_NamedAccuracy]
    worst_case: _Accuracy


class _Weights(Content):
    epoch: PositiveInt
    sha256: str
    val: dict[str, Annotated[float, Field(ge=-1, le=1)]]
    test: _Test | None = None


class _Difference(Content):
    name: str
    difference: Annotated[float, Field(ge=-1, le=1)]
    p_value: Share
    indistinguishable: bool


class _Data(Content):
    name: str
    hash: str


class _Seconds(Content):
    train: NonNegativeFloat
    val: NonNegativeFloat


class _Evaluation(Content):
    attacks: list[dict[str, Any]]
    images: PositiveInt
    seed: int


class _Settings(Content):
    split_seed: int


class _Summary(Content):
    status: Status
    reason: str
    network: str
    key: str
    architecture: dict[str, Any]
    seed: int
    epochs_done: NonNegativeInt
    seconds: _Seconds
    epsilon: str
    evaluation: _Evaluation
    recipe: str
    recipe_changes: list[str]
    recipe_hash: str
    data: _Data
    versions: dict[str, str]
    device: str
    settings: _Settings
    best: _Weights | None = None
    last: _Weights | None = None
    comparison: list[_Difference] | None = None


class _EvaluatedWeights(_Weights):
    test: _Test


class _EvaluatedSummary(_Summary):
    best: _EvaluatedWeights
    last: _EvaluatedWeights
    comparison: list[_Difference] | None


def checked_summary(content: Any, source: object) -> dict[str, Any]:
    """Return a summary as it was read from a file; raise InputError, which names the field, if it is damaged."""
    found: dict[str, Any] = checked_content(content, _Summary, source)
    if found["status"] == "diverged":
        return found
    checked_content(content, _EvaluatedSummary, source)
    attacks = [attack["name"] for attack in found["last"]["test"]["attacks"]]
    compared = [row["name"] for row in found["comparison"] or ()]
    columns = ["clean", *attacks, "worst case"]
    if [attack["name"] for attack in found["best"]["test"]["attacks"]] != attacks or (
        found["best"]["epoch"] != found["last"]["epoch"] and not set(columns) <= set(compared)
    ):
        raise InputError(f"{source}: best, last and comparison do not have the same attacks")
    return found


def summarised(
    setup: Setup, history: Sequence[Row], status: Status, reason: str, checkpoints: Mapping[str, Checkpoint]
) -> dict[str, Any]:
    """Return all but the results on the test split, as JSON values.

    Args:
        setup: the training.
        history: a row for each epoch done.
        status: how the training ended.
        reason: one line that explains a status other than complete.
        checkpoints: the checkpoints ``best`` and ``last``; empty if no epoch was done.
    """
    settings, dataset = setup.settings, setup.dataset
    cost = setup.architecture.cost(dataset.input_shape, dataset.num_classes)
    notes = (activation_note(setup.architecture, settings.recipe), *settings.recipe.remarks, dataset.note)
    return {
        "schema_version": SCHEMA_VERSION,
        "status": status,
        "reason": reason,
        "network": settings.network,
        "key": arch.key(setup.architecture),
        "architecture": arch.to_dict(setup.architecture),
        "params": cost.params,
        "flops": cost.flops,
        "seed": settings.seed,
        "epochs": settings.fidelity.epochs,
        "epochs_done": len(history),
        "seconds": {
            "train": sum(row["seconds"] for row in history),
            "val": sum(row["val_seconds"] for row in history),
        },
        "epsilon": str(settings.eps),
        "norm": "linf",
        "val": {
            "attack": val_words(settings),
            "steps": settings.evaluation.steps,
            "step_size": str(settings.eps * settings.evaluation.step),
            "seed": settings.split_seed,
            "images": len(setup.splits["val"]),
            "split": "val, taken from the published training images",
            "best": f"the most {chosen_by(settings.recipe)[0]}, of equals the most {chosen_by(settings.recipe)[1]}, "
            "of equals the earliest epoch",
        },
        "evaluation": {
            "attacks": described_attacks(settings),
            "seed": ATTACK_SEED,
            "images": len(setup.splits["test"]),
            "batch_size": settings.evaluation.batch_size,
            "precision": "float32",
            "interval": "Wilson, 95 %",
            "difference": "best minus last; indistinguishable at 95 % if the exact test of McNemar has p >= 0.05",
        },
        **{
            name: {
                "epoch": checkpoint.epoch,
                "file": checkpoint.path.name,
                "sha256": checkpoint.sha256,
                "val": dict(checkpoint.val),
            }
            for name, checkpoint in checkpoints.items()
        },
        **provenance(setup),
        "settings": settings.model_dump(mode="json"),
        "notes": [note for note in notes if note],
    }


def provenance(setup: Setup) -> dict[str, Any]:
    """Return hashes of what decided the weights, versions and device, as JSON values."""
    return {
        "recipe": setup.settings.recipe.name,
        "recipe_changes": list(setup.settings.recipe_changes),
        "recipe_hash": setup.settings.recipe_hash,
        "data": dict(setup.data_record),
        "versions": versions(),
        "device": device_name(setup.settings.device),
        "processor": processor(setup.settings.device),
    }
