"""Hold everything that decides a search for cells by gradient."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, PrivateAttr, field_validator, model_validator

from rnas import registry
from rnas.errors import InputError
from rnas.evaluation.training_settings import ResolvedTraining
from rnas.experiments.cell_search.found import FindsNetwork
from rnas.experiments.cell_search.method import CellSearchMethod
from rnas.experiments.training.settings import TrainingSplitSizes
from rnas.networks.cell_skeleton import MINIMUM_LAYERS
from rnas.utils._yaml_files import checked
from rnas.utils.provenance import json_hash

SOURCE = "search-cells"
"""Name of the settings in messages."""


class CellSearchSettings(ResolvedTraining):
    """A search for cells with nothing left open; one for the life of its directory."""

    chosen_on: ClassVar[tuple[str, ...]] = ("train",)

    method: dict[str, Any]
    """Name of the method, or ``{name: NAME, ...}`` with its settings. A name such as ``package.module:Class`` imports a
    method that is not registered.
    """
    layers: int = Field(8, ge=MINIMUM_LAYERS)
    """Cells of the network that is searched."""
    channels: PositiveInt = 16
    """Channels of its first stage."""
    derived_layers: int = Field(20, ge=MINIMUM_LAYERS)
    """Cells of the network that is derived."""
    derived_channels: PositiveInt = 36
    """Channels of its first stage."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of weights, of the order of images and of noise, in [0, 2^31)."""
    images: TrainingSplitSizes
    """Sizes of the splits. The search uses the train split alone, and divides it in halves."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Device that searches."""

    _given: CellSearchMethod | None = PrivateAttr(None)

    @field_validator("method", mode="before")
    @classmethod
    def _complete_method(cls, value: Any) -> Any:
        content = {"name": value} if isinstance(value, str) else value
        if not isinstance(content, dict) or not isinstance(content.get("name"), str):
            raise ValueError("it needs a name, such as darts")
        if registry.is_import(registry.CELL_SEARCHES, content["name"]):
            # Reading the directory of a search imports no code that it names.
            return content
        return {"name": content["name"], **_method(content).model_dump(mode="json")}

    @model_validator(mode="after")
    def _searchable(self) -> "CellSearchSettings":
        if self.rungs:
            raise ValueError("rungs are for a search that trains networks one by one; leave them out")
        if self.extra is not None or self.recipe.extra_fraction:
            raise ValueError("extra images are for trainings; leave extra out, and set recipe.extra_fraction to 0")
        numerics = self.recipe.numerics
        if numerics.compile or numerics.cuda_graphs:
            raise ValueError("recipe.numerics: compile and cuda_graphs are for trainings; set both to false")
        return self

    @property
    def search_method(self) -> CellSearchMethod:
        """Return the method with its settings: the one that was given as an object, or the one that is named."""
        return self._given or _method(self.method)

    def defined_by(self, method: CellSearchMethod) -> Self:
        """Return the same settings with the method as an object, whose class need not be importable then."""
        found = self.model_copy()
        found._given = method
        return found

    @property
    def fingerprint(self) -> str:
        """Hash everything but the folder of the data."""
        return json_hash(self.model_dump(mode="json", exclude={"data_dir": True}))


def is_experiment(found: object) -> bool:
    """Return whether what is registered as a method is an experiment of its own."""
    return isinstance(found, type) and issubclass(found, FindsNetwork)


def method_class(name: str) -> type[CellSearchMethod]:
    """Return the method of this name; raise InputError if there is none."""
    found = registry.load_or_import(registry.CELL_SEARCHES, name)
    if is_experiment(found):
        raise InputError(
            f"method {name!r} does not search by gradient: from Python, call a function of {found.__module__}"
        )
    if not (isinstance(found, type) and issubclass(found, CellSearchMethod)):
        raise InputError(f"cell search {name!r} is {found!r}; it must be a subclass of CellSearchMethod")
    return found


def described(method: CellSearchMethod) -> dict[str, Any]:
    """Return a method as settings hold it."""
    return {"name": registry.name_of(registry.CELL_SEARCHES, method), **method.model_dump(mode="json")}


def _method(content: dict[str, Any]) -> CellSearchMethod:
    fields = {name: value for name, value in content.items() if name != "name"}
    return checked(method_class(content["name"]), fields, f"method {content['name']}")
