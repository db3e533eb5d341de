"""What an attack gave, held to its contract before a robust accuracy is made of it."""

from torch import Tensor

from rnas.attacks.attack import Attack
from rnas.attacks.balls import BALLS
from rnas.errors import InputError

_RELATIVE, _ABSOLUTE = 1e-3, 1e-6
"""How far rounding may carry an image out of the ball, as a share of the radius and in itself."""


def check_perturbation(attack: Attack, images: Tensor, adversarial: Tensor) -> Tensor:
    """The adversarial images, if they are what the attack promises: of the shape of ``images``, and in its ball.

    An attack that leaves its ball looks strong, and one that returns what is no number breaks every image; both would
    be read as facts about the network.

    Args:
        attack: that was run.
        images: (n, C, H, W) in [0, 1].
        adversarial: what it gave for them.

    Raises:
        InputError: they are of another shape, not finite, outside [0, 1] or outside the ball.
    """
    if adversarial.shape != images.shape:
        raise _broken(attack, f"gave {tuple(adversarial.shape)} for images {tuple(images.shape)}")
    if not len(images):
        return adversarial
    low, high = (end.item() for end in adversarial.detach().aminmax())
    # Of NaN, comparisons are false.
    if not (low >= -_ABSOLUTE and high <= 1 + _ABSOLUTE):
        raise _broken(attack, f"gave pixels from {low:g} to {high:g}; they are in [0, 1]")
    epsilon = float(attack.epsilon)
    size = BALLS[attack.norm].size(adversarial.detach() - images).max().item()
    if not size <= epsilon * (1 + _RELATIVE) + _ABSOLUTE:
        raise _broken(attack, f"changed an image by {size:g}, more than its epsilon {epsilon:g} in {attack.norm}")
    return adversarial


def _broken(attack: Attack, what: str) -> InputError:
    return InputError(
        f"attack {type(attack).__name__} of {type(attack).__module__} {what}: it must be mended, its accuracies mean "
        "nothing (rnas.testing.attack.AttackConformance tests for this)"
    )
