"""Evaluate networks with the weights of a supernet, as they are or fine-tuned for a few epochs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

from pydantic import BaseModel, NonNegativeInt, PositiveFloat
from torch import nn

from rnas.data.fidelity import Fidelity, LowerRung
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation.training_settings import EvaluationSettings, TrainingSettings
from rnas.experiment import RESULT
from rnas.nas.evaluators.adversarial_training import (
    AdversarialTraining,
    AdversarialTrainingSettings,
    TrainingPlan,
    Trains,
)
from rnas.nas.evaluators.evaluator import Rung, Task
from rnas.nas.space import SearchSpace
from rnas.nas.supernet.settings import FINETUNED, SupernetSettings, supernet_settings, weights_of
from rnas.nas.supernet.statistics import measure_statistics, statistics_cost
from rnas.nas.supernet.supernet import Supernet
from rnas.networks.architecture import Shape
from rnas.training.search_cost import NO_COST, SearchCost
from rnas.utils._json_files import read_json_object
from rnas.utils.files import file_hash
from rnas.utils.model import Model
from rnas.utils.quantities import PathField


class SharedWeightsSettings(Model):
    """Hold ``{supernet: DIR, ...}`` of a config."""

    supernet: PathField
    """Directory of a supernet, whose data, recipe and attacks every network has."""
    finetune_epochs: NonNegativeInt = 3
    """Epochs for which the shared weights of a network are fine-tuned; 0 takes them as they are."""
    finetune_rate: PositiveFloat = 0.1
    """Learning rate of the fine-tuning as a share of the recipe's."""
    shared_rungs: tuple[NonNegativeInt, ...] = ()
    """Epochs of fine-tuning at lower rungs, cheapest first, such as [0]."""
    standalone: LowerRung | None = None
    """Training from random weights at the highest rung, by its differences from that of the supernet; None has no such
    rung.
    """
    evaluation: EvaluationSettings | None = None
    """The attack behind robust accuracy; None takes that of the supernet."""


@dataclass(frozen=True)
class _Untrained:
    """Stand for a training of no epochs."""

    result: nn.Module
    overfitted: bool = False
    graph_failure: str = ""

    def epochs(self, check: Callable[[float], None]) -> Iterator[Mapping[str, float]]:
        """Yield nothing."""
        return iter(())

    def step_seconds(self) -> float:
        """Return 0."""
        return 0.0


class SharedWeights(AdversarialTraining):
    """Take the weights of each network from a supernet, measure its running statistics, and fine-tune it.

    The metrics are those of :class:`AdversarialTraining`. Rungs are shared weights with more and more fine-tuning, and
    training from random weights as the highest one if the settings ask for it.

    Raises:
        InputError: the constructor raises it if there is no supernet, or it does not have the networks of the space.
    """

    Settings: ClassVar[type[BaseModel]] = SharedWeightsSettings

    def __init__(self, settings: SharedWeightsSettings, space: SearchSpace) -> None:
        self._own = settings
        self._of_supernet: SupernetSettings = supernet_settings(settings.supernet)
        self._file = weights_of(settings.supernet)
        self._hash = file_hash(self._file)
        content = {name: getattr(self._of_supernet, name) for name in TrainingSettings.model_fields}
        if settings.standalone is not None:
            content["fidelity"] = settings.standalone.below(self._of_supernet.fidelity)
        if settings.evaluation is not None:
            content["evaluation"] = settings.evaluation
        super().__init__(AdversarialTrainingSettings(train=TrainingSettings(**content)), space)
        self._inputs = {f"supernet.{name}": found for name, found in self._of_supernet.inputs.items()}
        self._inputs["supernet.weights"] = self._hash
        for network in (self._example, space.decode(space.canonical((space.sizes - 1)[None])[0])):
            self._supernet.path(network)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._own, self._space)

    @classmethod
    def image_format(cls, settings: Any) -> tuple[Shape, int]:
        """Return the shape of one image and the number of classes of the supernet's data."""
        of = supernet_settings(settings.supernet)
        dataset = load_dataset(of.data, of.data_dir)
        return dataset.input_shape, dataset.num_classes

    @property
    def settings(self) -> Any:
        """Return the settings."""
        return self._own

    @cached_property
    def _supernet(self) -> Supernet:
        supernet = Supernet(self._of_supernet.made_space())
        supernet.read(self._file)
        return supernet

    @property
    def shared_cost(self) -> SearchCost:
        """Return what the training of the supernet has cost."""
        content = read_json_object(self._own.supernet / RESULT)
        return SearchCost.from_dict(content["cost"])

    def _finetuned(self, task: Task) -> int | None:
        """Return the epochs of fine-tuning of a task; None if it trains from random weights."""
        if task.fidelity:
            epochs = task.fidelity.get(FINETUNED)
            return None if epochs is None else int(epochs)
        return None if self._own.standalone is not None else self._own.finetune_epochs

    def _fidelity(self, task: Task) -> Fidelity:
        epochs = self._finetuned(task)
        if epochs is None:
            return super()._fidelity(task)
        return self._of_supernet.fidelity.model_copy(update={"epochs": max(epochs, 1)})

    def _is_lower(self, task: Task) -> bool:
        epochs = self._finetuned(task)
        return epochs is not None and (self._own.standalone is not None or epochs < self._own.finetune_epochs)

    def _resolved_rungs(self) -> tuple[Rung, ...]:
        shared = [*self._own.shared_rungs, self._own.finetune_epochs]
        if any(before >= after for before, after in pairwise(shared)):
            raise InputError(
                f"shared_rungs: the rungs have {', '.join(map(str, shared))} epochs of fine-tuning, the last of which "
                "is finetune_epochs: give numbers that ascend"
            )
        fidelities: list[Mapping[str, Any]] = [{FINETUNED: epochs} for epochs in shared]
        if self._own.standalone is not None:
            fidelities.append(self._training.fidelity.model_dump(mode="json", exclude_none=True))
        tasks = [Task(self._example, 0, fidelity) for fidelity in fidelities]
        costs = [self.cost(task).images for task in tasks]
        if any(before >= after for before, after in pairwise(costs)):
            raise InputError(
                "standalone: training from random weights costs no more than the rung below it: give more epochs, or "
                "less fine-tuning"
            )
        return tuple(Rung(f, cost / costs[-1]) for f, cost in zip(fidelities, costs, strict=True))

    def _training_cost(self, task: Task) -> SearchCost:
        epochs = self._finetuned(task)
        if epochs is None:
            return super()._training_cost(task)
        trained = super()._training_cost(task) if epochs else NO_COST
        return trained + statistics_cost(self._schedule(task), self._data_record["images"]["train"])

    def _training_share(self, task: Task) -> float:
        return self._training_cost(task).images / self.cost(task).images if self._finetuned(task) != 0 else 0.0

    def _plan(self, device: str, task: Task) -> TrainingPlan:
        plan = super()._plan(device, task)
        if self._finetuned(task) is None:
            return plan
        recipe = plan.training.recipe
        slower = recipe.model_copy(update={"learning_rate": recipe.learning_rate * self._own.finetune_rate})
        return replace(plan, training=replace(plan.training, recipe=slower))

    def _build(self, task: Task, device: str) -> nn.Module:
        if self._finetuned(task) is None:
            return super()._build(task, device)
        plan = self._plan(device, task)
        model = self._supernet.standalone(task.architecture).to(device)
        plan.training.recipe.numerics.prepare(model)
        measure_statistics(model, plan.splits["train"], plan.training, task.seed)
        return model

    def _trainer(self, task: Task, plan: TrainingPlan, device: str) -> Trains:
        if self._finetuned(task) == 0:
            return _Untrained(self._build(task, device))
        return super()._trainer(task, plan, device)

    def provenance(self, task: Task, device: str) -> Mapping[str, Any]:
        """Return what an evaluation of a task on a device would record of all that decides it, without evaluating."""
        epochs = self._finetuned(task)
        found = dict(super().provenance(task, device))
        return found if epochs is None else {**found, "supernet": {"weights": self._hash[:16], FINETUNED: epochs}}
