"""Define a training recipe: data that is part of the hash of its results."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from rnas import registry
from rnas.data.augmentation import NAMES
from rnas.data.fidelity import Fidelity
from rnas.errors import InputError
from rnas.networks.activations import ACTIVATIONS
from rnas.training.averaging import Averaging
from rnas.training.inner_attack import FreeAT, InnerAttack, PGDInner
from rnas.training.losses import Loss
from rnas.training.numerics import Numerics
from rnas.training.optimizer import AdamW
from rnas.training.schedules import Schedule
from rnas.training.weight_perturbation import WeightPerturbation
from rnas.utils._yaml_files import checked
from rnas.utils.model import Model, left_out_if_none

_STATISTICS = (
    "In every step, the running statistics of batch normalisation take the clean images and then the adversarial ones, "
    "once each. The released code takes the clean images twice (TRADES, AWP) or the adversarial ones first (RST): the "
    "gradients of a step are the same, the running statistics are not."
)


class Recipe(Model):
    """Set how a network is trained. The note states what a paper does not specify, and where the recipe differs."""

    name: str
    """Name under which it is registered."""
    source: str
    """The paper that the recipe follows."""
    note: str = ""
    """Notes for a reader of the paper; may be empty."""
    epochs: PositiveInt
    """Passes over the training images, as published; a fidelity replaces it."""
    batch_size: PositiveInt
    """Images per step, as published; a fidelity replaces it."""
    inner_attack: InnerAttack | None
    """The inner attack, which makes the adversarial training images; None trains on clean images."""
    loss: Loss
    """Loss that training minimises."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of the probability in [0, 1) that targets spread evenly over all classes."""
    cutmix: PositiveFloat | None = None
    """Alpha of CutMix, which mixes pairs of images before the inner attack; None does not mix."""
    augmentation: tuple[str, ...] | None = None
    """Augmentations that replace those of the data; None keeps those of the data."""
    extra_fraction: float = Field(0.0, ge=0, lt=1)
    """Share in [0, 1) of every batch that comes from extra data."""
    statistics: Literal["adversarial", "both"]
    """Images that update the running statistics of batch normalisation: only ``adversarial`` images, or ``both`` these
    and the clean images.
    """
    normalization_momentum: float | None = Field(None, gt=0, le=1)
    """Momentum of these statistics, after a first step that takes those of the batch; None keeps the layers' momentum.
    """
    learning_rate: PositiveFloat
    """Greatest learning rate."""
    schedule: Schedule
    """Schedule of the learning rate."""
    optimizer: AdamW | None = left_out_if_none()
    """AdamW in place of stochastic gradient descent, which None is."""
    momentum: float = Field(ge=0, lt=1)
    """Momentum of stochastic gradient descent, or decay of AdamW's mean gradient (its first beta)."""
    nesterov: bool
    """Whether the momentum is Nesterov's."""
    weight_decay: NonNegativeFloat
    """Weight decay of convolutions and linear layers."""
    decay_normalization: bool
    """Whether the affine parameters of normalisation layers decay as well."""
    decay_biases: bool
    """Whether other layers' biases, and parameters of activations, decay as well."""
    clip_norm: PositiveFloat | None
    """Greatest l2 norm of the whole gradient; None does not clip."""
    l1: NonNegativeFloat = 0.0
    """Weight of the sum of the absolute weights in the loss."""
    weight_perturbation: WeightPerturbation | None = None
    """Adversarial weight perturbation; None trains without it."""
    averaging: Averaging | None = None
    """Average of the weights that is the result of the training; None takes the weights themselves."""
    overfitting_guard: float | None = Field(None, gt=0, lt=1)
    """Stop when robust training accuracy falls by more than this in an epoch (catastrophic overfitting of one-step
    methods), and return the weights before it; None does not check.
    """
    drop_path: float | None = left_out_if_none(gt=0, lt=1)
    """Share of the images for which the last residual branch of a network is left out (stochastic depth); it rises
    linearly from 0 at the first. It needs a network with drop path; None leaves out nothing.
    """
    activation: str | None = None
    """Activation of the paper's networks, which replaces the networks' own; None keeps their own."""
    numerics: Numerics = Numerics()
    """Arithmetic of the training."""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        soft = self.cutmix is not None
        for name in self.augmentation or ():
            if name not in NAMES:
                raise ValueError(f"unknown augmentation {name!r}; known: {', '.join(NAMES)}")
        if self.loss.needs_clean and self.inner_attack is None:
            raise ValueError(
                f"loss {self.loss.name} compares clean and adversarial images: set inner_attack, or another loss"
            )
        if soft and not self.loss.soft_targets:
            raise ValueError(f"cutmix makes soft targets, and loss {self.loss.name} needs classes: set cutmix to null")
        if isinstance(self.inner_attack, FreeAT):
            if self.loss.needs_clean or self.weight_perturbation is not None:
                raise ValueError(
                    "replays train on one gradient: set loss to {name: cross-entropy}, and weight_perturbation to null"
                )
            if self.statistics == "both":
                raise ValueError("replays never see clean images: set statistics to adversarial")
        elif self.inner_attack is not None and soft and self.inner_attack.loss not in ("cross-entropy", "kl"):
            raise ValueError(f"cutmix makes soft targets, and inner_attack.loss {self.inner_attack.loss} needs classes")
        if self.numerics.cuda_graphs and not (
            isinstance(self.inner_attack, PGDInner) and self.inner_attack.mode == "eval"
        ):
            raise ValueError("numerics.cuda_graphs needs gradient steps in eval mode, but this recipe has none")
        if self.activation is not None and self.activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {self.activation!r}; known: {', '.join(ACTIVATIONS)}")
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs momentum above 0")
        if self.nesterov and self.optimizer is not None:
            raise ValueError("nesterov is for stochastic gradient descent: set nesterov to false, or optimizer to null")
        return self

    @classmethod
    def resolve(cls, value: Any, source: str = "recipe") -> Self:
        """Return a registered recipe by name, or ``{name: NAME, ...}`` with some or all of its fields changed.

        A nested field such as ``loss`` keeps what is not set, unless another kind is named.

        Args:
            value: a recipe, a name, or a mapping.
            source: name of the value for messages.

        Raises:
            InputError: no recipe has that name, or a field is unknown or out of range.
        """
        content = cls.complete(value)
        return content if isinstance(content, cls) else checked(cls, content, source)

    @classmethod
    def complete(cls, value: Any) -> Any:
        """Return a recipe as it is, and otherwise the values of all fields, before they are checked."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str | Mapping):
            raise InputError(f"{value!r} is not a recipe; write a name, or {{name: NAME, ...}}")
        overrides = {"name": value} if isinstance(value, str) else dict(value)
        name = str(overrides.get("name", "sat"))
        if name not in registry.names(registry.RECIPES) and cls._required() <= overrides.keys():
            # A recipe that was made in a script, as settings keep it.
            return overrides
        base = registry.load(registry.RECIPES, name)
        if not isinstance(base, cls):
            raise InputError(f"recipe {name!r} is registered as a {type(base).__name__}; it must be a Recipe")
        return _merged(base.model_dump(mode="json"), overrides)

    @classmethod
    def _required(cls) -> set[str]:
        return {name for name, field in cls.model_fields.items() if field.is_required()}

    @property
    def overrides(self) -> dict[str, Any]:
        """Return the differences from the registered recipe of this name; a nested field of another kind is whole.

        The result is empty if no recipe of this name is registered.
        """
        if self.name not in registry.names(registry.RECIPES):
            return {}
        registered = registry.load(registry.RECIPES, self.name)
        return _differences(self.model_dump(mode="json"), registered.model_dump(mode="json"))

    @property
    def changes(self) -> dict[str, Any]:
        """Return the differences in one level, with names such as ``inner_attack.steps``; a removed field is None."""
        return _flat(self.overrides)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return the note, if there is one, and what follows from the fields; of these the note alone is hashed."""
        return tuple(text for text in (self.note, _STATISTICS if self._updates_otherwise else "") if text)

    @property
    def _updates_otherwise(self) -> bool:
        return self.loss.name == "trades" and self.statistics == "both"

    def inner_attack_at(self, fidelity: Fidelity) -> InnerAttack | None:
        """Return the inner attack, with a fidelity's cheaper attack if it has one.

        Raises:
            InputError: the fidelity changes the steps of a recipe that has none.
        """
        steps, step = fidelity.attack_steps, fidelity.attack_step
        if steps is None and step is None:
            return self.inner_attack
        if not isinstance(self.inner_attack, PGDInner):
            raise InputError(f"fidelity: attack_steps and attack_step need gradient steps, but {self.name} has none")
        changes = {"steps": steps or self.inner_attack.steps, "step": step or self.inner_attack.step}
        return self.inner_attack.model_copy(update=changes)


def _differences(content: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Return the overrides with which :func:`_merged` makes the content from the base.

    A field that is in one of the two alone is None in the other.
    """
    found: dict[str, Any] = {}
    for key in (*content, *(name for name in base if name not in content)):
        value, other = content.get(key), base.get(key)
        if value == other:
            continue
        found[key] = value
        if isinstance(value, Mapping) and isinstance(other, Mapping) and value.get("name") == other.get("name"):
            found[key] = _differences(value, other)
    return found


def _flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested fields in one level, each with the names of its parents before its own."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def _merged(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the base with overrides, field by field; one that names another kind replaces the whole field."""
    merged = dict(base)
    for key, value in overrides.items():
        own = base.get(key)
        merged[key] = value
        if isinstance(own, Mapping) and isinstance(value, Mapping) and value.get("name") in (None, own.get("name")):
            merged[key] = _merged(own, value)
    return merged
