"""Search for cells by gradient, in a directory of its own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rnas.data.dataset import Dataset, divide
from rnas.data.loading import load_dataset
from rnas.errors import BatchTooLargeError, DivergedError, InputError
from rnas.experiment import CostEstimate, EstimatedWork, Listener, Work, given_settings
from rnas.experiments.cell_search._bilevel import BilevelTrainer
from rnas.experiments.cell_search._resolve import resolve_settings
from rnas.experiments.cell_search.found import FindsNetwork, FoundNetwork
from rnas.experiments.cell_search.method import CellSearchMethod
from rnas.experiments.cell_search.result import CellSearchResult, Row, StateContent, Strengths, checked_strengths
from rnas.experiments.cell_search.settings import CellSearchSettings, described
from rnas.experiments.training._history import HISTORY, to_csv
from rnas.experiments.training._state import STATE, has_state, read_state, write_state
from rnas.networks import architecture as arch
from rnas.networks.darts_cells import doubling_network
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.modules._mixed_cells import MixedNetwork, mixed_network
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.utils._devices import out_of_memory, peak_memory, release
from rnas.utils._threads import one_thread
from rnas.utils.files import write_text

KIND = "cell-search"

ARCHITECTURE = "architecture.json"
"""Name of the file of the derived network."""


class CellSearch(FindsNetwork[CellSearchSettings, CellSearchResult]):
    """Train a network of mixed cells and the parameters of its architecture in turns, and derive two cells.

    It has no ledger: its state is ``state.safetensors``, written after every epoch, from which ``architecture.json``,
    ``history.csv`` and the result follow.
    """

    kind = KIND
    Settings = CellSearchSettings
    _starts_processes = False
    has_ledger = False

    @property
    def state(self) -> Path:
        """Return the path of the state from which the search resumes."""
        return self.path / STATE

    @property
    def architecture(self) -> Path:
        """Return the path of the derived network's description, as ``rnas train`` takes it."""
        return self.path / ARCHITECTURE

    @property
    def dataset(self) -> Dataset:
        """Return the data; raise InputError if they cannot be read."""
        return load_dataset(self.settings.data, self.settings.data_dir)

    def supply(self, **objects: object) -> None:
        """Give the search a method whose class cannot be imported.

        Raises:
            InputError: the object is no method, or not the one that the settings name.
        """
        method = objects.pop("method", None)
        super().supply(**objects)
        if method is None:
            return
        if not isinstance(method, CellSearchMethod):
            raise InputError(f"method {method!r}: it must be a CellSearchMethod")
        if described(method) != self.settings.method:
            raise InputError(f"method: {self.path} was started with {self.settings.method}; give that one")
        self.settings = self.settings.defined_by(method)

    def result(self) -> CellSearchResult:
        """Return what the search has come to so far.

        Raises:
            InputError: no epoch has ended yet, or a file is damaged.
        """
        if not has_state(self.path):
            raise InputError(f"{self.path} has no epoch yet; search with: {self.resume_command}")
        content, _ = read_state(self.state, StateContent, with_tensors=False)
        return self._result(content)

    @classmethod
    def resolve(cls, method: Mapping[str, Any], given: Mapping[str, Any]) -> CellSearchSettings:
        """Resolve what a user gives; see :func:`search_cells`."""
        return resolve_settings(method, given)

    def found(self, images: float | None = None) -> FoundNetwork:
        """Return the network of the cells after the last epoch that was paid for; see :meth:`FindsNetwork.found`."""
        result = self.result()
        if images is not None:
            result = result.at_cost(images)
        return FoundNetwork(result.architecture, self.dataset, self.settings, result.cost)

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Time a few steps; see :meth:`Experiment.estimate`.

        Raises:
            BatchTooLargeError: memory ran out.
        """
        settings = self.settings
        with one_thread(settings.device), _explained_memory():
            trainer = self._trainer()
            seconds = trainer.step_seconds() * trainer.epoch_steps
        details = {"images": trainer.images, "batch_size": settings.fidelity.batch_size}
        work = EstimatedWork("an epoch", settings.fidelity.epochs, seconds, peak_memory(settings.device), details)
        return CostEstimate((work,), (settings.device,))

    @classmethod
    def _name(cls, settings: CellSearchSettings) -> str:
        name = str(settings.method["name"]).rpartition(":")[2]
        return f"search-cells-{name.lower()}-{settings.data}"

    def _check(self) -> None:
        settings, dataset = self.settings, self.dataset
        if settings.device == "cuda" and not torch.cuda.is_available():
            raise InputError("this search runs on cuda, which is not available here: resume it where it is")
        splits = divide(dataset, settings.images, settings.split_seed)
        images = min(settings.fidelity.images or len(splits["train"]), len(splits["train"]))
        if images < 2:
            raise InputError(f"images.train is {images}; a search for cells divides at least 2 images")
        with torch.device("meta"):
            self._network()
        derived = doubling_network(GENOTYPES["darts-v2"], settings.derived_layers, settings.derived_channels)
        derived.places(dataset.input_shape)

    def _inputs(self) -> Mapping[str, str]:
        return self.settings.inputs

    def _network(self) -> MixedNetwork:
        settings, dataset = self.settings, self.dataset
        operations = settings.search_method.operations
        return mixed_network(operations, settings.layers, settings.channels, dataset.num_classes, dataset.input_shape)

    def _trainer(self) -> BilevelTrainer:
        """Return the search before its first epoch."""
        settings, dataset = self.settings, self.dataset
        # Weights are drawn on the CPU, so that they do not depend on the device.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = self._network()
        network.to(settings.device)
        split = divide(dataset, settings.images, settings.split_seed)["train"].to(settings.device)
        plan = Plan(settings.recipe, settings.fidelity, settings.eps, dataset.num_classes, settings.augmentation)
        return BilevelTrainer(network, split, plan, settings.seed, settings.search_method)

    def _run(self, listener: Listener, workers: int | None) -> None:
        with one_thread(self.settings.device), _explained_memory():
            self._search(listener)

    def _search(self, listener: Listener) -> None:
        trainer = self._trainer()
        history, strengths, diverged = self._restored(trainer)
        epochs = self.settings.fidelity.epochs
        listener.started(self, Work("epoch", epochs, len(history), records=history))
        if diverged:
            return

        def check(share: float) -> None:
            listener.progress({f"epoch {trainer.epoch + 1}": share * epochs - trainer.epoch})

        try:
            for point in trainer.epochs(check):
                history.append(point)
                strengths.append(_tables(trainer))
                self._keep(trainer, history, strengths)
                listener.recorded(point)
        except DivergedError as error:
            if not history:
                raise InputError(
                    f"the search diverged before any epoch had ended ({error}): lower recipe.learning_rate"
                ) from None
            self._keep_reason(str(error))

    def _restored(self, trainer: BilevelTrainer) -> tuple[list[Row], list[Strengths], str]:
        """Return the epochs done, the strengths so far, and why the search has diverged; load the state if any."""
        if not has_state(self.path):
            return [], [_tables(trainer)], ""
        content, tensors = read_state(self.state, StateContent)
        result = self._result(content)
        try:
            trainer.load(tensors)
        except (KeyError, RuntimeError) as error:
            if out_of_memory(error):
                raise
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{self.state}: does not fit the network ({reason}): it is of another version of rnas"
            ) from None
        self._derive(result)
        return list(result.history), list(result.strengths), result.diverged

    def _result(self, content: Mapping[str, Any]) -> CellSearchResult:
        if content["fingerprint"] != self.settings.fingerprint:
            raise InputError(
                f"{self.config} was changed after the search was started: restore it from a copy, or search again in "
                "a new directory"
            )
        try:
            strengths = checked_strengths(content)
        except InputError as error:
            raise InputError(f"{self.state}: damaged ({error}); restore it from a copy, or search again") from None
        return CellSearchResult(
            self.path,
            self.settings,
            tuple(content["history"]),
            strengths,
            tuple(content["operations"]),
            content["source"],
            content["diverged"],
        )

    def _keep(self, trainer: BilevelTrainer, history: Sequence[Row], strengths: Sequence[Strengths]) -> None:
        content = {
            "fingerprint": self.settings.fingerprint,
            "history": list(map(dict, history)),
            "strengths": [list(tables) for tables in strengths],
            "diverged": "",
            "operations": list(trainer.method.operations),
            "source": trainer.method.source,
        }
        write_state(self.state, content, trainer.state())
        self._derive(self._result(content))

    def _keep_reason(self, reason: str) -> None:
        content, tensors = read_state(self.state, StateContent)
        write_state(self.state, {**content, "diverged": reason}, tensors)

    def _derive(self, result: CellSearchResult) -> None:
        """Write all that follows from the state."""
        write_text(self.architecture, json.dumps(arch.to_dict(result.architecture), indent=2) + "\n")
        write_text(self.path / HISTORY, to_csv(result.history))


def search_cells(
    method: CellSearchMethod | Mapping[str, Any] | str = "darts",
    *,
    data: str | None = None,
    data_dir: Path | str | None = None,
    recipe: Recipe | Mapping[str, Any] | str | None = None,
    eps: float | str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    images: int | Mapping[str, int] | None = None,
    layers: int | None = None,
    channels: int | None = None,
    derived_layers: int | None = None,
    derived_channels: int | None = None,
    seed: int = 0,
    split_seed: int | None = None,
    augmentation: Sequence[str] | None = None,
    fidelity: Mapping[str, Any] | None = None,
    device: str = "auto",
    output: Path | str | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> CellSearchResult:
    """Search for a normal and a reduction cell by gradient.

    Args:
        method: a method, its name such as ``darts``, ``advrush`` or ``racl``, or ``{name: NAME, ...}`` with some of its
            settings.
        data: registered name of the data; None is digits.
        data_dir: folder of the data's files.
        recipe: how the weights are trained: a recipe, its name, or fields that differ from those of the method's paper,
            such as ``{"inner_attack": {"name": "pgd", "steps": 7, "step": "1/4"}}`` for adversarial training.
        eps: l-infinity radius of the inner attack for pixels in [0, 1]; None is the data's own.
        epochs: passes over the training images; None is the method's, and few on digits.
        batch_size: images of one step; None is the method's.
        images: number of images to search with, or sizes of the splits; None is all that are no val or test images.
        layers: cells of the network that is searched, at least 4; None is 8, and 4 on digits.
        channels: channels of its first stage; None is 16, and 4 on digits.
        derived_layers: cells of the network that is derived; None is 20, and 8 on digits.
        derived_channels: channels of its first stage; None is 36, and 8 on digits.
        seed: seed of weights, of the order of images and of noise, in [0, 2^31).
        split_seed: divides the data; None is 0.
        augmentation: names of augmentations, in order; None is what suits the data.
        fidelity: further fields of :class:`rnas.data.Fidelity`, such as ``{"attack_steps": 3}``.
        device: ``auto``, ``cpu`` or ``cuda``.
        output: directory; None makes ``runs/search-cells-<method>-<data>-<n>``.
        listener: learns of progress; there may be several. Every record is a row of the history.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
        BatchTooLargeError: memory ran out.
    """
    given = given_settings(locals())
    settings = resolve_settings(given.pop("method"), given)
    return CellSearch.create(settings, output).run(listener)


@contextmanager
def _explained_memory() -> Iterator[None]:
    """Turn an error of the block for want of memory into one that says what helps."""
    try:
        yield
    except Exception as error:
        if not out_of_memory(error):
            raise
        release()
        raise BatchTooLargeError("out of memory: give a smaller batch_size, or fewer channels") from None


def _tables(trainer: BilevelTrainer) -> Strengths:
    normal, reduction = trainer.strengths
    return normal.tolist(), reduction.tolist()
