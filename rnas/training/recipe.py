"""What a training recipe is: data, all of it in the hash of its results."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from rnas import registry
from rnas.data.augmentation import AUGMENTATIONS
from rnas.data.fidelity import Fidelity
from rnas.errors import InputError
from rnas.networks.activations import ACTIVATIONS
from rnas.training.averaging import Averaging
from rnas.training.inner_attack import FreeAT, InnerAttack, PGDInner
from rnas.training.losses import Loss
from rnas.training.numerics import Numerics
from rnas.training.schedules import Schedule
from rnas.training.weight_perturbation import WeightPerturbation


class Recipe(BaseModel):
    """How a network is trained. What a paper leaves open, or where we differ from it, the recipe's note says.

    Attributes:
        name: registered name.
        source: the paper that it follows.
        note: what a reader must know in addition to the paper; may be empty.
        epochs: passes over the training images, as published; a fidelity has its own.
        batch_size: images of one step, likewise.
        inner_attack: the inner attack, which makes the adversarial training images; None trains on images as they are.
        loss: what the weights minimise.
        label_smoothing: share of the probability in [0, 1) that targets spread evenly over all classes.
        cutmix: alpha of CutMix, which mixes pairs of images before the inner attack; None does not.
        augmentation: in place of what suits the data; None keeps that.
        extra_fraction: share in [0, 1) of every batch that comes from extra data.
        statistics: which images move the running statistics of batch normalisation: ``adversarial`` ones alone,
            or ``both`` those and the images as they are.
        normalization_momentum: of those statistics, after a first step that takes the batch's own; None keeps
            the layers' momentum.
        learning_rate: at its greatest.
        schedule: of the learning rate.
        momentum: of stochastic gradient descent.
        nesterov: whether the momentum is Nesterov's.
        weight_decay: on the weights of convolutions and linear layers.
        decay_normalization: whether the affine parameters of normalisation layers decay as well.
        decay_biases: whether other layers' biases, and parameters of activations, decay as well.
        clip_norm: greatest l2 norm of the whole gradient; None is no clipping.
        l1: weight of the sum of the absolute weights in the loss.
        weight_perturbation: adversarial weight perturbation; None is without it.
        averaging: average of the weights that is the result of the training; None takes the weights themselves.
        overfitting_guard: stop when robust training accuracy falls by more than this in an epoch (catastrophic
            overfitting of one-step methods), with the weights from before; None does not look.
        activation: what the paper's networks have in place of their activation; None is the networks' own.
        numerics: how the arithmetic is done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str
    note: str = ""
    epochs: PositiveInt
    batch_size: PositiveInt
    inner_attack: InnerAttack | None
    loss: Loss
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    cutmix: PositiveFloat | None = None
    augmentation: tuple[str, ...] | None = None
    extra_fraction: float = Field(0.0, ge=0, lt=1)
    statistics: Literal["adversarial", "both"]
    normalization_momentum: float | None = Field(None, gt=0, le=1)
    learning_rate: PositiveFloat
    schedule: Schedule
    momentum: float = Field(ge=0, lt=1)
    nesterov: bool
    weight_decay: NonNegativeFloat
    decay_normalization: bool
    decay_biases: bool
    clip_norm: PositiveFloat | None
    l1: NonNegativeFloat = 0.0
    weight_perturbation: WeightPerturbation | None = None
    averaging: Averaging | None = None
    overfitting_guard: float | None = Field(None, gt=0, lt=1)
    activation: str | None = None
    numerics: Numerics = Numerics()

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        soft = self.cutmix is not None
        for name in self.augmentation or ():
            if name not in AUGMENTATIONS:
                raise ValueError(f"unknown augmentation {name!r}; known: {', '.join(AUGMENTATIONS)}")
        if self.loss.needs_clean and self.inner_attack is None:
            raise ValueError(
                f"loss {self.loss.name} compares images with crafted ones: set inner_attack, or another loss"
            )
        if soft and not self.loss.soft_targets:
            raise ValueError(f"cutmix makes soft targets, and loss {self.loss.name} needs classes: set cutmix to null")
        if isinstance(self.inner_attack, FreeAT):
            if self.loss.needs_clean or self.weight_perturbation is not None:
                raise ValueError(
                    "replays train on one gradient: set loss to {name: cross-entropy}, and no perturbation"
                )
            if self.statistics == "both":
                raise ValueError("replays never see images as they are: set statistics to adversarial")
        elif self.inner_attack is not None and soft and self.inner_attack.loss not in ("cross-entropy", "kl"):
            raise ValueError(f"cutmix makes soft targets, and inner_attack.loss {self.inner_attack.loss} needs classes")
        if self.numerics.cuda_graphs and not (
            isinstance(self.inner_attack, PGDInner) and self.inner_attack.mode == "eval"
        ):
            raise ValueError("numerics.cuda_graphs captures gradient steps in eval mode, and this recipe has none")
        if self.activation is not None and self.activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {self.activation!r}; known: {', '.join(ACTIVATIONS)}")
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs momentum above 0")
        return self

    @classmethod
    def resolve(cls, value: Any) -> Self:
        """A registered recipe by name, or ``{name: NAME, ...}`` with some of its fields set otherwise, or with all.

        A nested field such as ``loss`` keeps what is not set, unless another of its kind is named.

        Raises:
            InputError: no recipe has that name.
            pydantic.ValidationError: a field is unknown or out of range.
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, str | Mapping):
            raise InputError(f"{value!r} is not a recipe; write a name, or {{name: NAME, ...}}")
        overrides = {"name": value} if isinstance(value, str) else dict(value)
        name = str(overrides.get("name", "sat"))
        if name not in registry.names(registry.RECIPES) and cls._required() <= overrides.keys():
            # A recipe that was made in a script, as settings keep it.
            return cls(**overrides)
        base = registry.load(registry.RECIPES, name)
        if not isinstance(base, cls):
            raise InputError(f"recipe {name!r} is registered as a {type(base).__name__}; it has to be a Recipe")
        return cls(**_merged(base.model_dump(mode="json"), overrides))

    @classmethod
    def _required(cls) -> set[str]:
        return {name for name, field in cls.model_fields.items() if field.is_required()}

    @property
    def overrides(self) -> dict[str, Any]:
        """What differs from the registered recipe of this name; a nested field of another kind is whole.

        Empty where no recipe of this name is registered here.
        """
        if self.name not in registry.names(registry.RECIPES):
            return {}
        registered = registry.load(registry.RECIPES, self.name)
        return _differences(self.model_dump(mode="json"), registered.model_dump(mode="json"))

    @property
    def changes(self) -> dict[str, Any]:
        """The same in one level: nested fields are named as ``inner_attack.steps`` is; one left out is None."""
        return _flat(self.overrides)

    def inner_attack_at(self, fidelity: Fidelity) -> InnerAttack | None:
        """The inner attack with a fidelity's cheaper attack in place of its own.

        Raises:
            InputError: the fidelity changes the steps of a recipe that has none.
        """
        steps, step = fidelity.attack_steps, fidelity.attack_step
        if steps is None and step is None:
            return self.inner_attack
        if not isinstance(self.inner_attack, PGDInner):
            raise InputError(f"fidelity: attack_steps and attack_step are for gradient steps; {self.name} takes none")
        changes = {"steps": steps or self.inner_attack.steps, "step": step or self.inner_attack.step}
        return self.inner_attack.model_copy(update=changes)


def _differences(content: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`_merged` makes the content of, given the base."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        other = base.get(key)
        if value == other:
            continue
        same_kind = isinstance(value, Mapping) and isinstance(other, Mapping) and value.get("name") == other.get("name")
        found[key] = _differences(value, other) if same_kind and isinstance(other, Mapping) else value
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
