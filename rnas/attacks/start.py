"""Choose where in the ball an attack starts."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from torch import Tensor

from rnas.attacks.attack import Norm
from rnas.attacks.balls import BALLS
from rnas.utils.counter_noise import normal


@dataclass(frozen=True)
class Start:
    """Describe the noise that an attack adds to an image before its first step.

    Attributes:
        noise: ``none``; ``uniform`` in the ball of radius share * epsilon, clipped to the range of pixels; or
            ``gaussian`` in every pixel, with standard deviation share * epsilon, not clipped, as in TRADES.
        share: share of epsilon.
    """

    noise: Literal["none", "uniform", "gaussian"] = "uniform"
    share: Fraction = Fraction(1)

    def of(self, images: Tensor, epsilon: float, ids: Tensor, seed: int, norm: Norm = "linf") -> Tensor:
        """Return the starting points, a new tensor, of images (n, C, H, W) with ids (n,), in a ball of the norm."""
        if self.noise == "none":
            return images.clone()
        draw = BALLS[norm].noise if self.noise == "uniform" else normal
        drawn = draw(seed, ids, tuple(images.shape[1:])).to(images.dtype)
        start = images.add(drawn, alpha=epsilon * float(self.share))
        return start.clamp_(0, 1) if self.noise == "uniform" else start


FROM_THE_IMAGE = Start("none")
"""Start from the image itself."""
UNIFORM = Start()
"""Start from uniform noise in the ball."""
