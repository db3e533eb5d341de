"""What a training recipe is: data, all of it in the hash of its results."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from rnas import registry
from rnas.errors import InputError
from rnas.quantities import FractionField


class Recipe(BaseModel):
    """How a network is trained, apart from how long.

    Attributes:
        name: registered name.
        source: the paper that it follows.
        attack: what crafts the training images: ``pgd``, or ``fgsm-rs``, one step from a random start.
        attack_steps: gradient steps of the attack; 1 for fgsm-rs.
        attack_step: size of one as a share of epsilon.
        learning_rate: at its peak; linear warm-up, then cosine to 0, step by step.
        warmup: share of the steps that warm up.
        momentum: of stochastic gradient descent.
        nesterov: whether the momentum is Nesterov's.
        weight_decay: on every parameter that it is not kept from.
        decay_normalization: whether the affine parameters of normalisation layers, and biases, decay as well.
        clip_norm: greatest l2 norm of the whole gradient; None is no clipping.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str
    attack: Literal["pgd", "fgsm-rs"]
    attack_steps: PositiveInt
    attack_step: FractionField
    learning_rate: PositiveFloat
    warmup: float = Field(ge=0, lt=1)
    momentum: float = Field(ge=0, lt=1)
    nesterov: bool
    weight_decay: float = Field(ge=0)
    decay_normalization: bool
    clip_norm: PositiveFloat | None

    @classmethod
    def resolve(cls, value: Any) -> Self:
        """A registered recipe by name, or ``{name: NAME, ...}`` with some of its fields set otherwise.

        Raises:
            InputError: no recipe has that name.
            pydantic.ValidationError: a field is unknown or out of range.
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, str | Mapping):
            raise InputError(f"{value!r} is not a recipe; write a name, or {{name: NAME, ...}}")
        overrides = {"name": value} if isinstance(value, str) else dict(value)
        base = registry.load(registry.RECIPES, str(overrides.get("name", "sat")))
        return cls(**{**base.model_dump(), **overrides})


class Fidelity(BaseModel):
    """How long a network is trained: one complete schedule, from scratch.

    Attributes:
        epochs: passes over the training images.
        images: how many training images, the first of the part; None is all.
        batch_size: images of one step.
        attack_steps, attack_step: in place of the recipe's, for a cheaper attack; None keeps the recipe's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: PositiveInt
    images: PositiveInt | None = None
    batch_size: PositiveInt
    attack_steps: PositiveInt | None = None
    attack_step: FractionField | None = None
