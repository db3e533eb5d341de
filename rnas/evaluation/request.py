"""Define the request of ``rnas evaluate``."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rnas.evaluation.threats import Threat


@dataclass(frozen=True)
class Request:
    """Set the network, the data and the attacks of an evaluation. None takes the value of the network's own experiment.

    Attributes:
        network: a name or path that :func:`rnas.experiments.references.resolve` understands.
        weights: a file of weights; None takes the experiment's checkpoint.
        data: registered data set; None takes CIFAR-10 if there is no experiment.
        data_dir: folder of its files.
        threats: balls that the attacks search; if empty, the l-infinity ball of the experiment's radius, or else of the
            data's usual radius.
        attacks: names that :func:`rnas.attacks.named.named_attack` knows, at least one.
        images: evaluate only the first N images of the test split, at least 1; None takes all by default.
        split_seed: seed that divides the data; None is 0 if there is no experiment.
        seed: seed of the attacks' noise.
        batch_size: images per batch, at least 1.
        device: a torch device.
        unseen: whether to add threats that networks are not trained for; see
            :func:`rnas.evaluation.threats.unseen_threats`.
        transfer: networks with weights of their own, in the form of ``network``, from which PGD-20 is transferred.
        corruptions: ``computed`` for the common corruptions of the images, or the folder of published corrupted
            images; None leaves them out.
        flags: whether to look for signs of overestimated robustness.
        output: folder for the result and, until then, for the results so far; None saves nothing.
    """

    network: str
    weights: Path | None = None
    data: str | None = None
    data_dir: Path | None = None
    threats: tuple[Threat, ...] = ()
    attacks: tuple[str, ...] = ("fgsm", "pgd20", "pgd20-margin")
    images: int | None = None
    split_seed: int | None = None
    seed: int = 0
    batch_size: int = 500
    device: str = "cpu"
    unseen: bool = False
    transfer: tuple[str, ...] = ()
    corruptions: str | None = None
    flags: bool = True
    output: Path | None = None

    @property
    def name(self) -> str:
        """Return a short name for files: of a checkpoint its folder and name, of a search result the run and member."""
        path = Path(self.network)
        parts = [part for part in path.parts if part not in (path.anchor, "..", "checkpoints")]
        words = "-".join(parts[-2:] if path.suffix == ".safetensors" else parts[-1:])
        for suffix in (".safetensors", ".json"):
            words = words.removesuffix(suffix)
        return re.sub(r"[^\w.-]+", "-", words).strip("-.") or "network"

    def to_dict(self) -> dict[str, Any]:
        """Return the request as JSON values."""
        return {field.name: _json(getattr(self, field.name)) for field in fields(self)}


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(element) for element in value]
    if isinstance(value, Threat):
        return value.name
    return str(value) if isinstance(value, Path) else value
