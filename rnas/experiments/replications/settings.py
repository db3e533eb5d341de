"""Hold everything that decides a replication."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, PositiveInt, PrivateAttr

from rnas.data.loading import load_dataset
from rnas.evaluation.training_settings import TrainingSettings
from rnas.experiments.training.settings import SeededSettings
from rnas.utils._lazy import LazyModule
from rnas.utils._yaml_files import checked
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import NamesField

if TYPE_CHECKING:
    from rnas.experiments.replications import design
    from rnas.experiments.replications.design import DesignCell, Replication, Size
    from rnas.nas.evaluators import adversarial_training
else:
    design = LazyModule("rnas.experiments.replications.design")
    adversarial_training = LazyModule("rnas.nas.evaluators.adversarial_training")

SOURCE = "replication"
"""Name of the settings in messages."""


class ReplicationSettings(SeededSettings):
    """Hold everything that decides the run of a replication.

    Attributes:
        training: data, recipe, radius and length; one for all cells, but for what a cell's recipe has otherwise.
    """

    replication: str
    """Name of a registered replication."""
    capacity: Literal["small", "paper"]
    """Size of the networks: ``small``, or that of the ``paper`` with its own depths and widths."""
    base_channels: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    """Channels of the stages at widening 1, such as 16,32,64; None is 16,32,64, or 4,8,16 for small networks."""
    networks: NamesField = Field((), exclude_if=lambda networks: not networks)
    """Names of published networks in place of the design's own, where a replication compares families of networks."""
    cells: PositiveInt | None = None
    """Largest number of cells to train, a stratified random subset of the design; None is all."""
    seeds: PositiveInt
    """Trainings of each cell, with seeds from 0. More may be added later."""

    _definition: "Replication | None" = PrivateAttr(None)

    @property
    def definition(self) -> "Replication":
        """Return the replication that was given as an object, or the registered one."""
        return self._definition or design.find(self.replication)

    def defined_by(self, replication: "Replication") -> Self:
        """Return the same settings with the replication as an object, which need not be registered then."""
        found = self.model_copy()
        found._definition = replication
        return found

    @property
    def size(self) -> "Size":
        """Return the size of its networks."""
        dataset = load_dataset(self.training.data, self.training.data_dir)
        return design.Size(self.capacity, dataset.input_shape, dataset.num_classes, self.base_channels, self.networks)

    def design(self) -> "tuple[DesignCell, ...]":
        """Return all cells and claims of the design; see
        :meth:`rnas.experiments.replications.design.Replication.design`.
        """
        return self.definition.design(self.size, self.cells)

    def evaluator_settings(self, changes: Mapping[str, Any]) -> "adversarial_training.AdversarialTrainingSettings":
        """Return the evaluator's settings for cells whose recipe has these changes; a ``name`` starts from that recipe.

        Raises:
            InputError: they give no recipe.
        """
        recipe = changes if "name" in changes else {**self.training.recipe.model_dump(mode="json"), **changes}
        content = self.training.model_dump(mode="json") | {"recipe": recipe}
        training = checked(TrainingSettings, content, f"{SOURCE} {self.replication}")
        return adversarial_training.AdversarialTrainingSettings(train=training)

    @property
    def fingerprint(self) -> str:
        """Hash what decides results; the number of seeds and the place of the data do not."""
        content = self.model_dump(mode="json", exclude={"seeds": True, "training": {"data_dir", "extra"}})
        return json_hash(content)
