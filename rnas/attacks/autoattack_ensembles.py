"""Run AutoAttack as its authors do, or as a cascade that reaches the same result at less cost."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack, Norm
from rnas.attacks.autoattack import APGD, AutoAttackComponent, Square, TargetedAPGD, TargetedFAB, standard_targets
from rnas.attacks.family import AttackFamily
from rnas.attacks.losses import misclassified
from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking

_FEW_TARGETS = 3


@dataclass(frozen=True)
class Ensemble:
    """Run attacks one after another, each only on the images that withstood the attacks before.

    Attributes:
        name: name of the ensemble.
        members: the attacks with their names; at least one, and all of one ball.
    """

    name: str
    members: tuple[tuple[str, Attack], ...]

    @property
    def epsilon(self) -> Fraction:
        """Return the radius of the ball, for pixels in [0, 1]."""
        return self.members[0][1].epsilon

    @property
    def norm(self) -> Norm:
        """Return the norm of the ball."""
        return self.members[0][1].norm

    def fitting(self, classes: int) -> tuple[tuple[str, Attack], ...]:
        """Return the members whose losses exist for a number of classes."""
        return tuple((name, attack) for name, attack in self.members if least_classes(attack) <= classes)

    def left_out(self, classes: int) -> dict[str, str]:
        """Return the reason why each other member does not run, by name."""
        return {
            name: f"its loss needs {least_classes(attack)} classes, but the network has {classes}"
            for name, attack in self.members
            if least_classes(attack) > classes
        }

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images; an image that withstands every attack is returned from the last one."""
        adversarial = images.clone()
        with attacking(model), torch.no_grad():
            logits = model(images)
        left = ~misclassified(logits, labels)
        for _, attack in self.fitting(logits.shape[1]):
            rows = left.nonzero().squeeze(1)
            if not len(rows):
                break
            attacked = attack(model, images[rows], labels[rows], ids[rows], seed)
            adversarial[rows] = attacked
            with attacking(model), torch.no_grad():
                left[rows] = ~misclassified(model(attacked), labels[rows])
        return adversarial


def least_classes(attack: Attack) -> int:
    """Return the least number of classes for which the loss of an attack exists."""
    return attack.least_classes if isinstance(attack, AutoAttackComponent) else 2


def _named(attacks: tuple[AutoAttackComponent, ...]) -> tuple[tuple[str, Attack], ...]:
    return tuple((attack.name, attack) for attack in attacks)


def _standard(epsilon: Fraction, norm: Norm) -> Ensemble:
    """Return AutoAttack's version "standard": APGD-CE, APGD-T, FAB-T and Square."""
    attacks = (
        APGD(epsilon, norm),
        TargetedAPGD(epsilon, norm, standard_targets(norm)),
        TargetedFAB(epsilon, norm),
        Square(epsilon, norm),
    )
    return Ensemble("autoattack", _named(attacks))


def _fast(epsilon: Fraction, norm: Norm) -> Ensemble:
    """Return attacks that break nearly every image that the standard version breaks, the cheapest first."""
    first = ("pgd20", PGD(epsilon, 20, Fraction(1, 10), norm=norm))
    attacks = (APGD(epsilon, norm), TargetedAPGD(epsilon, norm, _FEW_TARGETS))
    return Ensemble("autoattack-fast", (first, *_named(attacks)))


def _cascade(epsilon: Fraction, norm: Norm) -> Ensemble:
    """Return the fast form and then the rest of the standard version, to break every image that the latter breaks.

    An image near the decision boundary may withstand one random start and not another. Some restarts of PGD therefore
    replace the starts that differ. They cost less than the cascade saves with PGD at its start and with the queries
    that Square skips.
    """
    restarts = ("pgd10x10-margin", PGD(epsilon, 10, Fraction(1, 4), "margin", norm=norm, restarts=10))
    rest = (
        TargetedAPGD(epsilon, norm, standard_targets(norm) - _FEW_TARGETS, _FEW_TARGETS + 1),
        TargetedFAB(epsilon, norm),
        Square(epsilon, norm, skip_unchanged=True),
    )
    return Ensemble("autoattack-cascade", (*_fast(epsilon, norm).members, restarts, *_named(rest)))


_ENSEMBLES = {
    "autoattack": _standard,
    "standard": _standard,
    "autoattack-fast": _fast,
    "autoattack-cascade": _cascade,
}


def _parse(name: str, epsilon: Fraction, norm: Norm) -> Ensemble | None:
    ensemble = _ENSEMBLES.get(name)
    return ensemble(epsilon, norm) if ensemble else None


FAMILY = AttackFamily(
    name="autoattack",
    forms="autoattack (the standard version), autoattack-fast (PGD-20, APGD-CE, APGD-T with three targets), "
    "autoattack-cascade (the fast form, then the rest of the standard version)",
    norms=("linf", "l2", "l1"),
    parse=_parse,
)
