"""Define the request of ``rnas evaluate``."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rnas.attacks.attack import Attack
from rnas.attacks.description import describe
from rnas.data.dataset import Dataset
from rnas.evaluation.threats import Threat


@dataclass(frozen=True)
class Request:
    """Set the network, the data and the attacks of an evaluation. None takes the value of the network's own experiment.

    Attributes:
        network: what :func:`rnas.experiments.resolve` understands, or what a module is called.
        weights: a file of weights; None is the run's checkpoint.
        data: registered data set, or one that was made; None without a run is CIFAR-10.
        data_dir: folder of its files.
        threats: balls that the attacks search; none is the l-infinity ball of the run's radius, or without a run of
            the data's usual one.
        attacks: names that :func:`rnas.attacks.named_attack` knows, each for every threat; and attacks, each for
            the ball that it has. At least one.
        images: number of images, the first of the test split, at least 1; None is the default, all of them.
        split_seed: divides the data; None without a run is 0.
        seed: of the attacks' noise.
        batch_size: images at a time, at least 1.
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
    data: str | Dataset | None = None
    data_dir: Path | None = None
    threats: tuple[Threat, ...] = ()
    attacks: tuple[str | Attack, ...] = ("fgsm", "pgd20", "pgd20-margin")
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
    if isinstance(value, Threat | Dataset):
        return value.name
    if isinstance(value, Path):
        return str(value)
    return value if value is None or isinstance(value, bool | int | str) else describe(value)
