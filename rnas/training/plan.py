"""Define everything that a training depends on, except the network, the images and the seed."""

from dataclasses import dataclass
from fractions import Fraction

from rnas.data.fidelity import Fidelity
from rnas.training.inner_attack import InnerAttack
from rnas.training.recipe import Recipe
from rnas.training.schedules._progress import Progress


@dataclass(frozen=True)
class Plan:
    """Combine a recipe with its length and a ball.

    Attributes:
        recipe: how to train.
        fidelity: how long to train.
        epsilon: l-infinity radius of the inner attack.
        num_classes: number of classes.
        augmentation: names of augmentations, in order.
    """

    recipe: Recipe
    fidelity: Fidelity
    epsilon: Fraction
    num_classes: int
    augmentation: tuple[str, ...] = ()

    @property
    def inner_attack(self) -> InnerAttack | None:
        """Return the inner attack, or None."""
        return self.recipe.inner_attack_at(self.fidelity)

    def images(self, held: int) -> int:
        """Return the number of images that are trained on, of those that a train split holds."""
        return min(self.fidelity.images or held, held)

    def epoch_steps(self, images: int) -> int:
        """Return the number of batches of an epoch; a short last batch is dropped, unless it is the only one."""
        return max(images // self.fidelity.batch_size, 1)

    def steps(self, images: int) -> int:
        """Return the number of batches of the whole training."""
        return self.fidelity.epochs * self.epoch_steps(images)

    def progress(self, step: int, images: int) -> Progress:
        """Return the progress of the training before a step, counted from 0."""
        return Progress(step, self.steps(images), self.fidelity.epochs)
