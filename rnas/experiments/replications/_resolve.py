"""Resolve what a user gives to the settings of a replication."""

from pathlib import Path
from typing import Any

from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation.training_settings import TrainingSettings
from rnas.experiments.replications.design import PAPER, SMALL, Replication, find
from rnas.experiments.replications.settings import SOURCE, ReplicationSettings
from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe
from rnas.utils._yaml_files import checked

DIGITS = "digits"

_DIGITS_RECIPE = {"name": "short-sat", "learning_rate": 0.1}
_DIGITS_FIDELITY = {"epochs": 4, "batch_size": 64}
_DIGITS_ATTACK = {"attack_steps": 2, "attack_step": "3/4"}
_DIGITS_EVALUATION = {"steps": 4, "step": "3/8"}
"""A training of seconds on one core, as that of the table digits-bench."""

_SCORED = 100
"""Images of the part that a search chooses by; a replication chooses nothing, and only its diagnostics look at them."""


def resolve_settings(replication: Replication | str, **given: Any) -> ReplicationSettings:
    """Resolve the settings of a replication.

    Args:
        replication: see :func:`rnas.replicate`.
        **given: its other arguments that are given, but those of the run.

    Raises:
        InputError: a setting is wrong, or the data cannot be read.
    """
    found = find(replication) if isinstance(replication, str) else replication
    source = f"{SOURCE} {found.name}"
    data, folder = given.pop("data", DIGITS), given.pop("data_dir", None)
    folder = None if folder is None else Path(folder).expanduser().resolve()
    parts = load_dataset(data, folder).splits
    on_digits = data == DIGITS
    quick = _DIGITS_RECIPE if found.quick is None else found.quick
    recipe = Recipe.resolve(given.pop("recipe", quick if on_digits else found.recipe), f"{source}: recipe")
    if given.get("networks") and not found.takes_networks:
        raise InputError(f"networks: replication {found.name} compares networks of its own; leave networks out")
    fidelity: dict[str, Any] = {"epochs": recipe.epochs, "batch_size": recipe.batch_size}
    if on_digits:
        several = isinstance(recipe.inner_attack, PGDInner) and recipe.inner_attack.steps > 1
        epochs = {} if found.quick_epochs is None else {"epochs": found.quick_epochs}
        fidelity = _DIGITS_FIDELITY | epochs | (_DIGITS_ATTACK if several else {})
    training = {
        "data": data,
        "data_dir": folder,
        "images": parts.model_copy(update={"search_val": min(_SCORED, parts.search_val)}),
        "recipe": recipe,
        "eps": given.pop("eps", None),
        "fidelity": fidelity | {name: given.pop(name) for name in ("epochs", "images") if name in given},
        "evaluation": {
            **(_DIGITS_EVALUATION if on_digits else {}),
            "diagnostics": found.diagnostics,
            "threats": (found.quick_threats if on_digits else ()) or found.threats,
        },
    }
    content = {
        "replication": found.name,
        "capacity": SMALL if on_digits else PAPER,
        "seeds": found.seeds,
        **given,
        "training": dict(checked(TrainingSettings, training, source).resolved()),
    }
    settings = checked(ReplicationSettings, content, source)
    return settings if isinstance(replication, str) else settings.defined_by(replication)
