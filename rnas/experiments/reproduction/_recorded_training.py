"""Reproduce a result that a training recorded of its best or its last weights."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError

from rnas.errors import InputError
from rnas.evaluation.evaluation_result import CLEAN, WORST_CASE
from rnas.experiment import Listener, ShareListener
from rnas.experiments.reproduction._check import (
    Check,
    circumstances,
    compared,
    data_checks,
    network_checks,
    recipe_check,
)
from rnas.experiments.reproduction._recorded_result import Outcome, RecordedResult, Source, attempted, own_device
from rnas.experiments.training._evaluation import described_attacks, evaluate_test
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.training.setup import Setup
from rnas.experiments.training.training import Training
from rnas.nas.evaluators.evaluator import Status
from rnas.nas.execution._local import Device
from rnas.networks import architecture as arch
from rnas.networks.weights import load_weights
from rnas.utils._threads import one_thread
from rnas.utils.files import file_hash
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import pluralize

Name = Literal["best", "last"]


@dataclass(frozen=True)
class RecordedTraining(RecordedResult):
    """Hold accuracies on the test split of the best or the last weights of a training that has ended.

    Attributes:
        training: training that has ended.
        summary: summary of the training.
        name: ``best`` or ``last``, the weights.
    """

    training: Training
    summary: Mapping[str, Any]
    name: Name

    @classmethod
    def read(cls, words: str, path: Path, name: Name, device: Device | None) -> Self:
        """Return the result of a training's directory; raise InputError if it has none."""
        training = Training.open(path)
        summary = training.summary
        if summary is None:
            raise InputError(f"{path} has no result to reproduce yet; resume it with: {training.resume_command}")
        if "test" not in summary.get(name, {}):
            raise InputError(f"{path} has no result to reproduce ({summary.get('status')}: {summary.get('reason')})")
        result = cls(words, training, summary, name, device=device)
        try:
            _ = result.metrics, result.conditions, result.key, summary["architecture"], summary["settings"]["recipe"]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{training.result_file}: damaged ({type(error).__name__} {error}); restore it from a copy"
            ) from None
        return result

    @property
    def settings(self) -> TrainingRunSettings:
        """Return the settings of the training."""
        return self.training.settings

    @property
    def key(self) -> str:
        """Return the recorded key of the architecture."""
        return str(self.summary["key"])

    @property
    def seed(self) -> int | None:
        """Return the recorded seed."""
        return int(self.summary["seed"])

    @property
    def metrics(self) -> Mapping[str, float]:
        """Return the accuracies: ``clean``, each attack by its name, ``worst case``."""
        return _accuracies(self._own["test"])

    def images(self, metric: str) -> int:
        """Return the number of images of the test split."""
        return len(self._setup.splits["test"])

    @property
    def curve(self) -> Sequence[Mapping[str, float]]:
        """Return the history."""
        return self.training.history

    @property
    def conditions(self) -> Mapping[str, str]:
        """Return all conditions of the record."""
        evaluation, data = self.summary["evaluation"], self.summary["data"]
        attacks = ", ".join(attack["attack"] for attack in evaluation["attacks"])
        return {
            "attack": f"{attacks}; worst case is right as they are and under all of them",
            "ball": f"{self.summary['norm']}, epsilon {self.summary['epsilon']} for pixels in [0, 1]",
            "noise": f"seed {evaluation['seed']}, {evaluation['precision']}",
            "images": f"{evaluation['images']:,} of the test split; {data['name']} by split seed {data['split_seed']}",
            "training": f"recipe {self.summary['recipe']} ({self.summary['recipe_hash']}), {self.name} weights of "
            f"{pluralize(self.summary['epochs_done'], 'epoch')} (epoch {self._own['epoch']}), seed {self.seed}",
            "note": " ".join(self.summary["notes"]),
        }

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return scratch, and the weights if they are available."""
        return ("checkpoint", "scratch") if self._checkpoint.is_file() else ("scratch",)

    def checks(self, source: Source) -> list[Check]:
        """Check network, settings, recipe, data, weights, versions and device."""
        summary, dataset = self.summary, self._setup.dataset
        try:
            same = TrainingRunSettings.model_validate(summary["settings"]).fingerprint
            network = arch.from_dict(summary["architecture"])
        except (ValidationError, InputError) as error:
            raise InputError(f"{self.training.result_file}: damaged ({' '.join(str(error).split())[:200]})") from None
        found = network_checks(self.key, network, summary, dataset.input_shape, dataset.num_classes)
        found.append(compared("settings", same, self.settings.fingerprint))
        found.append(
            recipe_check(
                _recipe_of(summary["settings"], summary["recipe_hash"]),
                _recipe_of(self._told, self.settings.recipe_hash),
            )
        )
        attacks = json.loads(json.dumps(described_attacks(self.settings)))
        recorded = [json_hash({"attacks": each}) for each in (summary["evaluation"]["attacks"], attacks)]
        found.append(compared("attacks", *recorded))
        found += data_checks(summary["data"], self._setup.data_record)
        if source == "checkpoint":
            found.append(compared("weights", self._own["sha256"], file_hash(self._checkpoint)))
        with one_thread(self._place):
            return found + circumstances(summary, self._place)

    def evaluated(self, source: Source, listener: Listener) -> Outcome:
        """Attack the weights again."""
        listener.message(f"{self._checkpoint} is attacked again, on {self._place}")
        with one_thread(self._place):
            return attempted(self.settings.seed, lambda: self._measured(listener))

    def trained(self, seeds: Sequence[int], listener: Listener) -> list[Outcome]:
        """Train again with each seed, one training after another, in a folder that is then removed."""
        outcomes = []
        for place, seed in enumerate(seeds):
            listener.message(f"training {place + 1} of {len(seeds)} from scratch, seed {seed}")
            outcomes.append(attempted(seed, partial(self._trained, seed, listener)))
        return outcomes

    def _measured(self, listener: Listener) -> Outcome:
        setup, attacks = self._setup, self.settings.attacks

        def moved(attack: str, share: float) -> None:
            listener.progress({f"{self.name} weights": (attacks.index(attack) + share) / len(attacks)})

        # A training's own network: in another memory format the last digits are others.
        model = setup.trainer().model
        load_weights(model, self._checkpoint, (), self.key)
        return Outcome(self.settings.seed, _accuracies(evaluate_test(setup, model, moved).to_dict()))

    def _trained(self, seed: int, listener: Listener) -> Outcome:
        def report(share: float) -> None:
            listener.progress({f"seed {seed}": share})

        settings = self._settings.model_copy(update={"seed": seed})
        with tempfile.TemporaryDirectory() as folder:
            run = Training.create(settings, Path(folder) / "training").run(ShareListener(report))
        summary = run.summary
        # A training ends with its last epoch, by overfitting, or by a loss that is not finite.
        assert summary is not None
        if summary["status"] == "diverged":
            return Outcome(seed, {}, run.history, status=Status.DIVERGED, reason=summary["reason"])
        return Outcome(seed, _accuracies(summary[self.name]["test"]), run.history)

    @property
    def _own(self) -> Mapping[str, Any]:
        own: Mapping[str, Any] = self.summary[self.name]
        return own

    @property
    def _checkpoint(self) -> Path:
        return self.training.best if self.name == "best" else self.training.last

    @property
    def _own_device(self) -> Device:
        return own_device(self.summary.get("device"), self.settings.device)

    @property
    def _settings(self) -> TrainingRunSettings:
        device: Literal["cpu", "cuda"] = "cpu" if self._place == "cpu" else "cuda"
        return self.settings.model_copy(update={"device": device})

    @cached_property
    def _setup(self) -> Setup:
        return Setup.of(self._settings)

    @property
    def _told(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = self.settings.model_dump(mode="json")
        return content


def _accuracies(final: Mapping[str, Any]) -> dict[str, float]:
    attacks = {attack["name"]: attack["accuracy"] for attack in final["attacks"]}
    return {CLEAN: final["clean"]["accuracy"], **attacks, WORST_CASE: final["worst_case"]["accuracy"]}


def _recipe_of(settings: Mapping[str, Any], recipe_hash: str) -> dict[str, Any]:
    """Return the settings, as JSON values, of which a recipe's hash is computed."""
    own = {name: settings[name] for name in ("recipe", "fidelity", "augmentation")}
    return {**own, "epsilon": settings["eps"], "recipe_hash": recipe_hash}
