"""Define the request of ``rnas evaluate``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import NonNegativeInt, PositiveInt, field_validator, model_validator

from rnas.utils._devices import evaluation_batch
from rnas.utils._lazy import LazyModule
from rnas.utils.model import Model
from rnas.utils.quantities import lower_case

if TYPE_CHECKING:
    from rnas.attacks import description
    from rnas.attacks.attack import Attack
    from rnas.data import dataset
    from rnas.data.dataset import Dataset
    from rnas.evaluation import threats
    from rnas.evaluation.threats import Threat
else:
    description = LazyModule("rnas.attacks.description")
    dataset = LazyModule("rnas.data.dataset")
    threats = LazyModule("rnas.evaluation.threats")
    # A description of options does not wait for torch; what is given is used as it is.
    Attack = Dataset = Threat = Any


class Request(Model):
    """Set the network, the data and the attacks of an evaluation. None takes the value of the network's own experiment.

    Attributes:
        network: what :func:`rnas.experiments.resolve` understands, or what a module is called.
        data: a registered data set's name, or one that was made.
        attacks: names that :func:`rnas.attacks.named_attack` knows, each for every threat; and attacks, each for the
            ball that it has. At least one.
        device: a torch device.
        unseen: see :func:`rnas.evaluation.threats.unseen_threats`.
        transfer: in the form of ``network``.
        output: folder for the result and, until then, for the results so far; None saves nothing.
    """

    network: str
    weights: Path | None = None
    """File of weights, safetensors or of torch.save; None is the run's own."""
    data: str | Dataset | None = None
    """Data to classify; None is the data that the weights were trained on, else cifar10."""
    data_dir: Path | None = None
    """Folder that holds the files of the data."""
    threats: tuple[Threat, ...] = ()
    """Balls that the attacks search; none is the l-infinity ball of the run's radius, else of the data's usual one."""
    attacks: tuple[str | Attack, ...] = ("fgsm", "pgd20", "pgd20-margin")
    """Attacks, such as fgsm, pgd20, cw40, autoattack-fast, autoattack-cascade and autoattack."""
    images: PositiveInt | None = None
    """Number of images, the first of the test split; None is all of them."""
    split_seed: NonNegativeInt | None = None
    """Seed that divides the data; None is the run's own, else 0."""
    seed: NonNegativeInt = 0
    """Seed of the attacks' noise."""
    batch_size: PositiveInt = 500
    """Images at a time; without it 500, and on a GPU up to 2000 by its memory."""
    device: str = "cpu"
    unseen: bool = False
    """Whether to add what networks are not trained for: an l2 and an l1 ball (1.5 and 40 for CIFAR-10), and the common
    corruptions.
    """
    transfer: tuple[str, ...] = ()
    """Networks with weights, from each of which PGD-20 is transferred too."""
    corruptions: str | None = None
    """The 15 common corruptions too: ``computed``, or read from a CIFAR-10-C folder; None is without them."""
    flags: bool = True
    """Whether to look for signs of overestimated robustness, on 100 images."""
    output: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _batch_for_the_device(cls, content: Any) -> Any:
        if not isinstance(content, dict) or content.get("batch_size") is not None:
            return content
        device = str(content.get("device", "cpu"))
        if device == "cpu":
            return {name: value for name, value in content.items() if name != "batch_size"}
        return {**content, "batch_size": evaluation_batch(device)}

    @model_validator(mode="before")
    @classmethod
    def _unseen_corruptions(cls, content: Any) -> Any:
        if isinstance(content, dict) and content.get("unseen") is True and content.get("corruptions") is None:
            return {**content, "corruptions": "computed"}
        return content

    @field_validator("attacks")
    @classmethod
    def _lower_case(cls, attacks: tuple[str | Attack, ...]) -> tuple[str | Attack, ...]:
        return tuple(lower_case(attack) if isinstance(attack, str) else attack for attack in attacks)

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
        return {name: _json(value) for name, value in self}


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(element) for element in value]
    if isinstance(value, threats.Threat | dataset.Dataset):
        return value.name
    if isinstance(value, Path):
        return str(value)
    return value if value is None or isinstance(value, bool | int | str) else description.describe(value)
