"""Reproduce an evaluation that a JSON file records: of ``rnas evaluate``, of a final evaluation or of a comparison."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch

from rnas.attacks.description import describe
from rnas.attacks.named import named_attack
from rnas.data.corruptions._published import published_rows
from rnas.data.dataset import Dataset, Split
from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation._image_flags import unpack
from rnas.evaluation._request import Request
from rnas.evaluation._weights_evaluation import evaluate_subject
from rnas.evaluation.corruption_robustness import published_hash
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.evaluation.subject import Subject, images_hash, loaded
from rnas.evaluation.threats import parse_threat
from rnas.evaluation.training_data import TrainingData, listed
from rnas.experiment import Listener
from rnas.experiments._references import Reference, resolve
from rnas.experiments.reproduction._check import Check, circumstances, compared, network_checks
from rnas.experiments.reproduction._recorded_result import Outcome, RecordedResult, Source, attempted, own_device
from rnas.nas.execution._local import Device
from rnas.networks import architecture as arch
from rnas.networks.weights import describe_weights
from rnas.statistics._mcnemar import mcnemar
from rnas.utils._json_files import read_json
from rnas.utils._yaml_files import checked
from rnas.utils.files import file_hash
from rnas.utils.provenance import json_hash
from rnas.utils.quantities import parse_fraction


@dataclass(frozen=True)
class RecordedEvaluation(RecordedResult):
    """Hold recorded accuracies of given weights under attacks, image by image.

    Attributes:
        path: path of the file.
        result: what it holds.
    """

    path: Path
    result: EvaluationResult

    @classmethod
    def read(cls, words: str, path: Path, device: Device | None) -> Self:
        """Read the result of a file; raise InputError if it has none."""
        result = checked(EvaluationResult, read_json(path), f"{path}: not a result of rnas evaluate")
        if result.architecture is None or result.weights.file is None:
            raise InputError(
                f"{path}: a module that was given from Python cannot be evaluated again from here: export it first"
            )
        return cls(words, path, result, device=device)

    @property
    def key(self) -> str:
        """Return the recorded key of the architecture."""
        return str(self.result.architecture_key)

    @property
    def seed(self) -> int | None:
        """Return None, because an evaluation does not know how its weights were trained."""
        return None

    @property
    def metrics(self) -> Mapping[str, float]:
        """Return the accuracies: ``clean``, each attack, with its threat if there are several, and ``worst case``."""
        return {name: accuracy.accuracy for name, accuracy in self.result.accuracies.items()}

    def images(self, metric: str) -> int:
        """Return the recorded number of images."""
        return self.result.data.images

    @property
    def conditions(self) -> Mapping[str, str]:
        """Return all conditions but the training, which an evaluation does not know."""
        result, data = self.result, self.result.data
        balls = "; ".join(f"{threat.norm}, epsilon {threat.epsilon}" for threat in result.threats)
        attacks = ", ".join(dict.fromkeys(attack.name for attack in result.attacks))
        training = self._reference.training
        return {
            "attack": f"{attacks}; worst case is right as they are and under all of them",
            "ball": f"{balls} for pixels in [0, 1]",
            "noise": f"seed {result.seed}, {result.precision}",
            "images": f"{data.images:,} of the test split; {data.name} by split seed {data.split_seed}",
            "weights": str(result.weights.file),
            "training": "not known" if training is None else f"recipe {training.recipe.name}",
            "left out": "" if result.corruptions is None else "common corruptions, which are not evaluated again",
            "note": result.note,
        }

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return the weights as the only source; raise InputError if they are missing."""
        if not self._weights.is_file():
            raise InputError(
                f"{self.path}: its weights {self._weights} are missing; restore them, or go where that path starts"
            )
        return ("checkpoint",)

    def checks(self, source: Source) -> list[Check]:
        """Check network, weights, images, agreement of numbers and images, versions and device."""
        result, data = self.result, self.result.data
        network = arch.from_dict(result.architecture)
        costs = {"params": result.params, "flops": result.flops or 0}
        found = network_checks(self.key, network, costs, data.input_shape, data.num_classes)
        found.append(compared("weights", result.weights.sha256, file_hash(self._weights)))
        here = f"{len(self._split):,}, {images_hash(self._split)}"
        found.append(compared("images", f"{data.images:,}, {data.images_hash}", here))
        found += self._corruptions()
        found += self._training_checks()
        found.append(self._attacks())
        found.append(self._numbers())
        with self._threads():
            recorded = {"versions": result.versions, "device": result.device, "processor": result.processor}
            return found + circumstances(recorded, self._place)

    def right(self, metric: str) -> str:
        """Return which images were right, as recorded."""
        return self.result.accuracies[metric].right

    def p_value(self, metric: str, outcome: Outcome) -> float | None:
        """Test the difference on the same images."""
        if metric not in outcome.right:
            return None
        recorded, found = (
            unpack(text, self.result.data.images) for text in (self.right(metric), outcome.right[metric])
        )
        return mcnemar(recorded.tolist(), found.tolist())

    def evaluated(self, source: Source, listener: Listener) -> Outcome:
        """Attack the weights again."""
        with self._threads():
            return attempted(None, lambda: self._measured(listener))

    def trained(self, seeds: Sequence[int], listener: Listener) -> list[Outcome]:
        """Raise an error, because scratch is no source of an evaluation."""
        raise InputError(
            f"{self.path} does not say how its weights were trained; reproduce the run or training they are of"
        )

    def _measured(self, listener: Listener) -> Outcome:
        request = self._request
        sources = [resolve(name) for name in request.transfer]
        accuracies = evaluate_subject(request, self._subject(), listener, sources).accuracies
        return Outcome(
            None,
            {name: own.accuracy for name, own in accuracies.items()},
            right={name: own.right for name, own in accuracies.items()},
        )

    def _training_checks(self) -> list[Check]:
        """Check the names of the classes, and that no image is one that the weights are known to be trained on."""
        recorded = self.result.data
        trained_on = TrainingData.described(describe_weights(self._weights), self._weights)
        found = []
        if recorded.classes and self._dataset.classes:
            found.append(compared("classes", listed(recorded.classes), listed(self._dataset.classes)))
        if trained_on is not None and trained_on.is_of(self._dataset):
            seen = trained_on.seen(self._dataset) & set(recorded.ids)
            found.append(compared("images trained on", 0, len(seen)))
        return found

    def _corruptions(self) -> list[Check]:
        """Check published corrupted images, if there were some, though they are not evaluated again."""
        recorded = (self.result.corruptions or {}).get("hash")
        if recorded is None:
            return []
        here = published_hash(
            Path(str(self.result.request.get("corruptions"))), published_rows(self._dataset, self._split.ids)
        )
        return [compared("corruptions", recorded, here)]

    def _numbers(self) -> Check:
        """Check that each accuracy is that of the images that are recorded as right."""
        own = self.result.accuracies
        counts = {name: self._counted(name) for name in own}
        shares = {name: count / self.result.data.images for name, count in counts.items()}
        wrong = [
            name
            for name, accuracy in own.items()
            if accuracy.correct != counts[name] or not math.isclose(accuracy.accuracy, shares[name], abs_tol=1e-12)
        ]
        shown = wrong or list(own)
        recorded = ", ".join(f"{name} {own[name].accuracy:.4g}" for name in shown)
        found = ", ".join(f"{name} {shares[name]:.4g}" for name in shown)
        return Check("images right", recorded, found, not wrong)

    def _counted(self, metric: str) -> int:
        """Return the number of images that a flag string marks as right."""
        try:
            return int(unpack(self.right(metric), self.result.data.images).sum())
        except ValueError as error:
            raise InputError(f"{self.path}: not a result of rnas evaluate: {metric}: right: {error}") from None

    def _attacks(self) -> Check:
        """Check that the attacks have the recorded settings; of attacks from other networks, check the names only."""
        recorded, here = {}, {}
        for own in self.result.attacks:
            if own.name in self._request.attacks:
                now = describe(named_attack(own.name, parse_fraction(own.epsilon), own.norm))
                recorded[f"{own.threat} {own.name}"] = dict(own.settings)
                here[f"{own.threat} {own.name}"] = {name: now.get(name) for name in own.settings}
        return compared("attacks", json_hash(recorded), json_hash(json.loads(json.dumps(here))))

    @property
    def _weights(self) -> Path:
        return Path(str(self.result.weights.file))

    @property
    def _own_device(self) -> Device:
        return own_device(self.result.device)

    @cached_property
    def _reference(self) -> Reference:
        """Return the network; if its name no longer finds one, return the recorded network."""
        result, network = self.result, arch.from_dict(self.result.architecture)
        try:
            known = resolve(result.network)
        except InputError:
            return Reference(result.network, network, result.data.input_shape, result.data.num_classes)
        return replace(known, architecture=network)

    @cached_property
    def _dataset(self) -> Dataset:
        own = self.result.request.get("data_dir")
        training = self._reference.training
        folder = Path(own) if own is not None else training.data_dir if training is not None else None
        return load_dataset(self.result.data.name, folder)

    @cached_property
    def _split(self) -> Split:
        rows = torch.tensor(self.result.data.ids, dtype=torch.int64)
        dataset = self._dataset
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(dataset.labels):
            raise InputError(f"{self.path}: {dataset.name} has no image {int(rows.max())}; its ids are of other data")
        return Split(dataset.pixels[rows], dataset.labels[rows], rows, dataset.white).to(self._place)

    @property
    def _request(self) -> Request:
        """Return the recorded request, with the same threats and images, and without what is not compared."""
        asked: dict[str, Any] = {name: self.result.request.get(name) for name in Request.model_fields}
        return Request(
            network=str(asked["network"]),
            threats=tuple(parse_threat(threat.name) for threat in self.result.threats),
            attacks=tuple(asked["attacks"] or ()),
            data_dir=None if asked["data_dir"] is None else Path(asked["data_dir"]),
            seed=self.result.seed,
            batch_size=self.result.batch_size,
            transfer=tuple(asked["transfer"] or ()),
            device=self._place,
            flags=False,
        )

    def _subject(self) -> Subject:
        result = self.result
        return Subject(
            self._reference,
            self._dataset,
            self._weights,
            result.weights.sha256,
            self._request.threats,
            result.data.split_seed,
            result.data.hash,
            result.data.images_hash,
            self._split,
            loaded(self._reference, self._weights, describe_weights(self._weights), self._dataset)[0].to(self._place),
        )

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """Use the recorded number of threads within the block, because another number changes the last digits."""
        recorded, before = re.search(r"(\d+) thread", self.result.device), torch.get_num_threads()
        if recorded is not None:
            torch.set_num_threads(max(int(recorded[1]), 1))
        try:
            yield
        finally:
            torch.set_num_threads(before)
