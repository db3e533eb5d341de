"""Train a supernet, in a directory of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, NonNegativeFloat

from rnas.errors import DivergedError, InputError
from rnas.experiment import CostEstimate, EstimatedWork, Experiment, Listener, Work, given_settings
from rnas.experiments.supernet.setup import SupernetSetup, resolve_settings
from rnas.experiments.training._history import HISTORY, Row, to_csv
from rnas.experiments.training._state import STATE, has_state, read_state, write_state
from rnas.nas.supernet.settings import KIND, WEIGHTS, SupernetSettings
from rnas.training.recipe import Recipe
from rnas.training.search_cost import SearchCost
from rnas.utils._devices import now, peak_memory
from rnas.utils._json_files import Content, Share
from rnas.utils._tabular import Tabular, notebook_table
from rnas.utils._threads import one_thread
from rnas.utils.files import file_hash, write_tensors, write_text
from rnas.utils.provenance import device_name, processor, versions


class _Epoch(Content):
    """Define the columns of a row."""

    epoch: Annotated[float, Field(ge=1)]
    loss: float
    train_robust_accuracy: Share
    learning_rate: NonNegativeFloat
    seconds: NonNegativeFloat


class _Rest(Content):
    fingerprint: str
    history: list[_Epoch]


@dataclass(frozen=True)
class SupernetResult(Tabular):
    """Hold what the training of a supernet has come to so far.

    Attributes:
        path: directory of the supernet.
        settings: everything that decides it.
        history: a row for each epoch done, with its number, loss, accuracy on adversarial training images, and seconds.
        cost: images passed and seconds, for the epochs done.
        weights: number of shared weights.
        details: hash of the weights, data, versions and device, as JSON values; empty before the training has ended.
    """

    path: Path
    settings: SupernetSettings
    history: tuple[Row, ...]
    cost: SearchCost
    weights: int
    details: Mapping[str, Any]

    @property
    def complete(self) -> bool:
        """Return whether the training has ended."""
        return len(self.history) == self.settings.fidelity.epochs

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "complete": self.complete,
            "weights": self.weights,
            "cost": self.cost.to_dict(),
            "history": list(map(dict, self.history)),
            **self.details,
            "settings": self.settings.model_dump(mode="json"),
        }

    def rows(self) -> tuple[Row, ...]:
        """Return the history, one row an epoch."""
        return self.history

    def __repr__(self) -> str:
        """Return the supernet in a line."""
        return f"<SupernetResult {self.path}: {self.settings.space['name']}, epochs done: {len(self.history)}>"

    def _repr_html_(self) -> str:
        rows = [(row["epoch"], f"{row['loss']:.3f}", f"{row['train_robust_accuracy']:.1%}") for row in self.history]
        return notebook_table(repr(self), ("epoch", "loss", "robust, train"), rows)


class SupernetTraining(Experiment[SupernetSettings, SupernetResult]):
    """Train weights that the networks of a space share.

    It has no ledger: its state is ``state.safetensors``, written after every epoch. ``supernet.safetensors`` holds the
    shared weights after the last one.
    """

    kind = KIND
    Settings: ClassVar[type[BaseModel]] = SupernetSettings
    _starts_processes = False
    has_ledger = False

    @property
    def state(self) -> Path:
        """Return the path of the state from which the training resumes."""
        return self.path / STATE

    @property
    def weights(self) -> Path:
        """Return the path of the shared weights."""
        return self.path / WEIGHTS

    @cached_property
    def setup(self) -> SupernetSetup:
        """Load everything that the settings name.

        Raises:
            InputError: data are missing, the networks share no weights, or there is no such device here.
        """
        return SupernetSetup.of(self.settings)

    @property
    def history(self) -> tuple[Row, ...]:
        """Return a row for each epoch done; raise InputError if the state is damaged."""
        return tuple(read_state(self.state, _Rest, False)[0]["history"]) if has_state(self.path) else ()

    def result(self) -> SupernetResult:
        """Return what the training has come to so far.

        Raises:
            InputError: a file is damaged.
        """
        setup, history = self.setup, self.history
        whole, done, epochs = setup.cost, len(history), self.settings.fidelity.epochs
        seconds = sum(row["seconds"] for row in history)
        cost = SearchCost(whole.images_forward * done // epochs, whole.images_backward * done // epochs, seconds)
        details: dict[str, Any] = {}
        if done == epochs and self.weights.is_file():
            details = {
                "sha256": file_hash(self.weights),
                "data": dict(setup.data_record),
                "versions": versions(),
                "device": device_name(self.settings.device),
                "processor": processor(self.settings.device),
            }
        number = sum(weight.numel() for weight in self._initial.values())
        return SupernetResult(self.path, self.settings, history, cost, number, details)

    @cached_property
    def _initial(self) -> Mapping[str, Any]:
        return self.setup.supernet().weights

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Time a few steps; see :meth:`Experiment.estimate`."""
        setup, device = self.setup, self.settings.device
        with one_thread(device):
            seconds = _step_seconds(setup)
        steps = setup.plan.epoch_steps(setup.plan.images(len(setup.splits["train"])))
        work = EstimatedWork("an epoch", self.settings.fidelity.epochs, seconds * steps, peak_memory(device))
        return CostEstimate((work,), (device,))

    @classmethod
    def _name(cls, settings: SupernetSettings) -> str:
        return f"supernet-{str(settings.space['name']).rpartition(':')[2]}"

    def _check(self) -> None:
        _ = self.setup

    def _inputs(self) -> Mapping[str, str]:
        return self.settings.inputs

    def _run(self, listener: Listener, workers: int | None) -> None:
        setup = self.setup
        with one_thread(self.settings.device):
            supernet = setup.supernet()
            training = setup.trainer(supernet)
            history: tuple[Row, ...] = ()
            if has_state(self.path):
                rest, tensors = read_state(self.state, _Rest)
                if rest["fingerprint"] != self.settings.fingerprint:
                    raise InputError(
                        f"{self.config} was changed after the training was started: restore it from a copy, or train "
                        "again in a new directory"
                    )
                training.load(tensors)
                history = tuple(rest["history"])
            epochs = self.settings.fidelity.epochs
            listener.started(self, Work("epoch", epochs, len(history), records=history))

            def check(share: float) -> None:
                listener.progress({f"epoch {training.epoch + 1}": share * epochs - training.epoch})

            try:
                for row in training.epochs(check):
                    history = (*history, row)
                    rest = {"fingerprint": self.settings.fingerprint, "history": list(map(dict, history))}
                    write_state(self.state, rest, training.state())
                    write_text(self.path / HISTORY, to_csv(history))
                    listener.recorded(row)
            except DivergedError as error:
                raise InputError(f"{self.path}: {error}: train another one with a lower recipe.learning_rate") from None
            if not self.weights.is_file():
                write_tensors(self.weights, supernet.weights)


def _step_seconds(setup: SupernetSetup, steps: int = 3) -> float:
    """Return the seconds of a step, as the mean of a few, of which the first is left out."""
    device = setup.settings.device
    moments: list[float] = []

    class _Enough(Exception):  # noqa: N818
        pass

    def check(_share: float) -> None:
        moments.append(now(device))
        if len(moments) > steps + 1:
            raise _Enough

    try:
        for _ in setup.trainer(setup.supernet()).epochs(check):
            pass
        moments.append(now(device))
    except _Enough:
        pass
    counted = moments[1:] if len(moments) > 2 else moments
    return (counted[-1] - counted[0]) / (len(counted) - 1)


def train_supernet(
    space: str | Mapping[str, Any],
    *,
    recipe: Recipe | Mapping[str, Any] | str | None = None,
    data: str | None = None,
    data_dir: Path | str | None = None,
    extra: Path | str | None = None,
    eps: float | str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    images: int | Mapping[str, int] | None = None,
    fidelity: Mapping[str, Any] | None = None,
    sampling: str | None = None,
    seed: int | None = None,
    split_seed: int | None = None,
    augmentation: Sequence[str] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    device: str | None = None,
    output: Path | str | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> SupernetResult:
    """Train a supernet: weights that all networks of a space share.

    Args:
        space: name of a space, or a mapping of its name and its settings.
        recipe: a recipe, its name, or a mapping of it and what differs.
        data: registered name of the data; None is digits.
        data_dir: folder of the data's files.
        extra: file of further images, for recipes that take a share of every batch from them.
        eps: l-infinity radius of all attacks for pixels in [0, 1].
        epochs: passes over the training images.
        batch_size: images of one step.
        images: number of images to train on, or sizes of the splits.
        fidelity: further fields of :class:`rnas.data.Fidelity`.
        sampling: ``uniform``, one path a step; or ``sandwich``, which also takes it with the largest and the smallest
            widths.
        seed: seed of the initial weights, the paths and the order of images.
        split_seed: divides the data.
        augmentation: names of augmentations, in order.
        evaluation: fields of :class:`rnas.evaluation.EvaluationSettings`: how a search attacks its paths.
        device: ``auto``, ``cpu`` or ``cuda``.
        output: directory; None makes ``runs/supernet-<space>-<n>``.
        listener: learns of progress; there may be several.

    Raises:
        InputError: a setting is wrong, the networks of the space share no weights, or the directory exists.
    """
    given = given_settings(locals())
    settings = resolve_settings(given.pop("space"), given)
    return SupernetTraining.create(settings, output).run(listener)
