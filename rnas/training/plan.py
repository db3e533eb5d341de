"""Everything that a training depends on but the network, the images and the seed."""

from dataclasses import dataclass
from fractions import Fraction

from rnas.data.fidelity import Fidelity
from rnas.training.inner_attack import InnerAttack
from rnas.training.recipe import Recipe
from rnas.training.schedules.progress import Progress


@dataclass(frozen=True)
class Plan:
    """A recipe for so long, within a ball.

    Attributes:
        recipe: how to train.
        fidelity: how long.
        epsilon: l-infinity radius of the crafted images.
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
        """How training images are crafted."""
        return self.recipe.inner_attack_at(self.fidelity)

    def epoch_steps(self, images: int) -> int:
        """Batches of one epoch over so many training images; a short last one is dropped, unless it is the only one."""
        return max(images // self.fidelity.batch_size, 1)

    def steps(self, images: int) -> int:
        """Batches of the whole training."""
        return self.fidelity.epochs * self.epoch_steps(images)

    def progress(self, step: int, images: int) -> Progress:
        """Where the training stands before a step, counted from 0."""
        return Progress(step, self.steps(images), self.fidelity.epochs)
