"""Attacks by transfer: crafted on one network, shown to another (Papernot et al., ASIA CCS 2017)."""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor, nn

from rnas.attacks.attack import Attack, Norm


@dataclass(frozen=True)
class Transfer:
    """An attack that sees only a source network: black-box to the network that it is shown to.

    A network that withstands an attack through its own gradient and falls to one through another's masks its gradient
    (Athalye et al., ICML 2018).

    Attributes:
        source_name: what to call it in records.
        source: from images to logits of the same classes, on the device of the images; left as found.
        attack: what is crafted with the source's gradient.
    """

    source_name: str
    source: nn.Module
    attack: Attack

    @property
    def epsilon(self) -> Fraction:
        """See :class:`rnas.attacks.attack.Attack`."""
        return self.attack.epsilon

    @property
    def norm(self) -> Norm:
        """See :class:`rnas.attacks.attack.Attack`."""
        return self.attack.norm

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """See :class:`rnas.attacks.attack.Attack`; ``model`` is never asked."""
        return self.attack(self.source, images, labels, ids, seed)
