"""Check the result of an attack against its contract before a robust accuracy is computed from it."""

from torch import Tensor

from rnas.attacks.attack import Attack
from rnas.attacks.balls import BALLS
from rnas.errors import InputError

_RELATIVE, _ABSOLUTE = 1e-3, 1e-6
"""Distance by which rounding may move an image out of the ball: a share of the radius, and an absolute value."""


def check_perturbation(attack: Attack, images: Tensor, adversarial: Tensor) -> Tensor:
    """Return the adversarial images if they have the shape of ``images`` and are in the attack's ball.

    An attack that leaves its ball looks strong, and an attack that returns NaN breaks every image. Readers would take
    both for facts about the network.

    Args:
        attack: the attack that was run.
        images: (n, C, H, W) in [0, 1].
        adversarial: the images that the attack returned.

    Raises:
        InputError: they have another shape, are not finite, or are outside [0, 1] or outside the ball.
    """
    if adversarial.shape != images.shape:
        raise _broken(attack, f"returned shape {tuple(adversarial.shape)} for images of shape {tuple(images.shape)}")
    if not len(images):
        return adversarial
    low, high = (end.item() for end in adversarial.detach().aminmax())
    # Comparisons with NaN are false.
    if not (low >= -_ABSOLUTE and high <= 1 + _ABSOLUTE):
        raise _broken(attack, f"returned pixels from {low:g} to {high:g}, outside [0, 1]")
    epsilon = float(attack.epsilon)
    size = BALLS[attack.norm].size(adversarial.detach() - images).max().item()
    if not size <= epsilon * (1 + _RELATIVE) + _ABSOLUTE:
        raise _broken(attack, f"changed an image by {size:g}, more than its epsilon {epsilon:g} in {attack.norm}")
    return adversarial


def _broken(attack: Attack, what: str) -> InputError:
    return InputError(
        f"attack {type(attack).__name__} of {type(attack).__module__} {what}: this is a bug in the attack, and its "
        "accuracies are not valid; test it with rnas.testing.attack.AttackConformance"
    )
