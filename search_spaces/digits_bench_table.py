"""Return the results of the space ``digits-bench`` as an evaluator: ``evaluator: {digits-bench: {}}``."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Context, Evaluation, EvaluationEstimate, Evaluator, Task
from rnas.nas.evaluators.table import Table, TableSettings
from rnas.nas.space import SearchSpace
from rnas.networks.architecture import Architecture, Shape
from rnas.utils.model import Model
from search_spaces.digits_bench import INPUT_SHAPE, NUM_CLASSES, TRAINING, DigitsBenchSpace

TABLE = Path(__file__).with_name("digits_bench.csv.gz")
SEEDS = (0, 1)
_DATA = {"name": TRAINING["data"], "input_shape": list(INPUT_SHAPE)}


class NoSettings(Model):
    """Accept ``{}``: there are no settings."""


class DigitsBenchTableSettings(Model):
    """Accept ``{digits-bench: {}}`` in a config."""

    model_config = ConfigDict(serialize_by_alias=True)

    digits_bench: NoSettings = Field(NoSettings(), alias="digits-bench")
    """Results are looked up in the table of digits-bench; there is nothing to set."""

    @field_validator("digits_bench", mode="before")
    @classmethod
    def _nothing_is_no_settings(cls, value: Any) -> Any:
        return {} if value is None else value


class DigitsBenchTable(Evaluator):
    """Read the robustness of the networks of ``digits-bench`` from the table in the package.

    The metrics are ``robust_accuracy``, ``robust_margin`` and ``clean_accuracy`` on all images outside the train split,
    as means of two trainings with different seeds; the same of each training, such as ``robust_accuracy_seed0``;
    ``flops`` and ``params``. Using all these images reduces noise, but leaves no separate test split. A network without
    a row fails, and its known metrics are NaN, so that no strategy proposes it.

    Raises:
        InputError: the constructor was given another space.
    """

    Settings: ClassVar[type[BaseModel]] = DigitsBenchTableSettings
    instant: ClassVar[bool] = True

    def __init__(self, settings: DigitsBenchTableSettings, space: SearchSpace) -> None:
        if not isinstance(space, DigitsBenchSpace):
            raise InputError(f"evaluator 'digits-bench' has no results of space {space.name!r}; set space digits-bench")
        self._settings = settings
        self._table = Table(TableSettings(table=TABLE, input_shape=INPUT_SHAPE, num_classes=NUM_CLASSES), space)

    @classmethod
    def image_format(cls, settings: DigitsBenchTableSettings) -> tuple[Shape, int]:
        """Return the shape of one digit and the number of classes."""
        return INPUT_SHAPE, NUM_CLASSES

    @property
    def settings(self) -> DigitsBenchTableSettings:
        """Return the settings of this evaluator."""
        return self._settings

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the least and greatest value of each metric in the table; no evaluation can give another."""
        return self._table.bounds

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the origin of the results and their limits."""
        training, attack, images = TRAINING["fidelity"], TRAINING["evaluation"], TRAINING["images"]
        return (
            *self._table.notes,
            f"Each network of the table was trained on digits at epsilon {TRAINING['eps']} by the recipe "
            f"{TRAINING['recipe']['name']} at learning rate {TRAINING['recipe']['learning_rate']}: "
            f"{training['epochs']} epochs, batches of {training['batch_size']}, PGD of {training['attack_steps']} "
            f"steps of {training['attack_step']} epsilon. Robust accuracy is the worst case of PGD on cross-entropy "
            f"and PGD on the margin, {attack['steps']} steps of {attack['step']} epsilon, on "
            f"{images['search_val'] + images['test']} images that it was not trained on; "
            f"metrics are means of {len(SEEDS)} seeds.",
            "Digits after so short a training are no evidence about natural images: this table is for tests, teaching "
            "and research on search methods.",
        )

    def known(self, architectures: Sequence[Architecture]) -> list[dict[str, float]]:
        """Return FLOPs and params of each architecture; NaN for one without a row in the table."""
        return self._table.known(architectures)

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Return all metrics of the architecture, whatever the task's seed; status failed if it has no row."""
        evaluation = self._table.evaluate(task, context)
        made = {"data": _DATA, "training": TRAINING, "training_seeds": list(SEEDS)}
        return dataclasses.replace(evaluation, provenance={**evaluation.provenance, **made})

    def estimate(self, task: Task, context: Context) -> EvaluationEstimate:
        """Return a negligible time."""
        return self._table.estimate(task, context)
