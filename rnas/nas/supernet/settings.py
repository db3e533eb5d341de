"""Hold everything that decides the training of a supernet, and read what it has come to."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from rnas.data.fidelity import LowerRung
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.experiment import CONFIG, settings_in
from rnas.nas.space import SearchSpace, find_space
from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe
from rnas.utils._yaml_files import checked
from rnas.utils.provenance import json_hash

KIND = "supernet"
FINETUNED = "finetune_epochs"
"""Key of the fidelity of an evaluation with shared weights."""
WEIGHTS = "supernet.safetensors"
"""Name of the file of the shared weights after the last epoch."""


Sampling = Literal["uniform", "sandwich"]
"""How paths are sampled: one genome of the space, drawn uniformly, in each step; or that genome with its own widths,
with the largest and with the smallest ones (Yu and Huang, ICCV 2019)."""


class SupernetSettings(ResolvedTraining):
    """Hold the settings of a supernet, with nothing left open."""

    space: dict[str, Any]
    """The search space, as in the configuration of a search: its name and its settings."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of the initial weights, the paths, the order of images and their noise."""
    sampling: Sampling = "uniform"
    """Paths of a step: ``uniform`` draws one; ``sandwich`` also takes it with the largest and the smallest widths."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Device that trains."""
    rungs: tuple[LowerRung, ...] = Field((), max_length=0)
    """A supernet has no rungs."""

    @field_validator("space", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        content = {"name": value} if isinstance(value, str) else value
        if not isinstance(content, dict) or not isinstance(content.get("name"), str):
            raise ValueError("it needs a name")
        return content

    @model_validator(mode="after")
    def _trainable(self) -> "SupernetSettings":
        require_trainable(self.recipe)
        return self

    @property
    def fingerprint(self) -> str:
        """Hash all but the names of files."""
        return json_hash(self.model_dump(mode="json", exclude={"data_dir", "extra", "evaluation", "device"}))

    def made_space(self) -> SearchSpace:
        """Return the space, bound to the data's images.

        Raises:
            InputError: there is no such space, a setting of it is wrong, or the data cannot be read.
        """
        dataset = load_dataset(self.data, self.data_dir)
        options = {name: value for name, value in self.space.items() if name != "name"}
        made: Any = find_space(self.space["name"])
        space: SearchSpace = made(checked(made.Settings, options, "space"), dataset.input_shape, dataset.num_classes)
        return space


def require_trainable(recipe: Recipe) -> None:
    """Raise InputError if a recipe has something that sampled paths cannot have."""
    numerics = recipe.numerics
    refused = {
        "recipe.inner_attack": recipe.inner_attack is not None and not isinstance(recipe.inner_attack, PGDInner),
        "recipe.weight_perturbation": recipe.weight_perturbation is not None,
        "recipe.averaging": recipe.averaging is not None,
        "recipe.overfitting_guard": recipe.overfitting_guard is not None,
        "recipe.optimizer": recipe.optimizer is not None,
        "recipe.drop_path": recipe.drop_path is not None,
        "recipe.l1": recipe.l1 > 0,
        "recipe.activation": recipe.activation is not None,
        "recipe.numerics.precision": numerics.precision != "float32",
        "recipe.numerics.cuda_graphs": numerics.cuda_graphs,
        "recipe.numerics.compile": numerics.compile,
    }
    for field, present in refused.items():
        if present:
            raise InputError(f"{field}: recipe {recipe.name} has it, and a supernet cannot; set it to its default")


def supernet_settings(path: Path) -> SupernetSettings:
    """Read the settings of a supernet's directory.

    Raises:
        InputError: there is no supernet.
    """
    return checked(SupernetSettings, settings_in(path, KIND), str(path / CONFIG), path)


def weights_of(path: Path) -> Path:
    """Return the file of the shared weights in a supernet's directory; raise InputError if it has not ended."""
    weights = path / WEIGHTS
    if not weights.is_file():
        raise InputError(f"{path} has no shared weights yet: resume it with rnas resume {path}")
    return weights
