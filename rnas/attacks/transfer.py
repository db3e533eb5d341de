"""Attack by transfer: compute the images on one network and show them to another (Papernot et al., ASIA CCS 2017)."""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor, nn

from rnas.attacks.attack import Attack, Norm


@dataclass(frozen=True)
class Transfer:
    """Attack with the gradient of a source network only: black-box to the network that is evaluated.

    A network that withstands attacks with its own gradient, but not those with another network's, masks its gradient
    (Athalye et al., ICML 2018).

    Attributes:
        source_name: name of the source in records.
        source: network from images to logits of the same classes, on the device of the images; it is left unchanged.
        attack: the attack that runs on the source.
    """

    source_name: str
    source: nn.Module
    attack: Attack

    @property
    def epsilon(self) -> Fraction:
        """Return the radius of the ball, for pixels in [0, 1]."""
        return self.attack.epsilon

    @property
    def norm(self) -> Norm:
        """Return the norm of the ball."""
        return self.attack.norm

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images; ``model`` is not used."""
        return self.attack(self.source, images, labels, ids, seed)
