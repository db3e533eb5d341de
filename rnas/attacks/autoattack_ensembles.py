"""AutoAttack as its authors run it, and cascades that reach the same at less cost."""

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
    """Attacks in a row, each only on the images that withstood those before.

    Attributes:
        name: the name that it goes by.
        members: the attacks with their names, at least one, all of one ball.
    """

    name: str
    members: tuple[tuple[str, Attack], ...]

    @property
    def epsilon(self) -> Fraction:
        """See :class:`rnas.attacks.attack.Attack`."""
        return self.members[0][1].epsilon

    @property
    def norm(self) -> Norm:
        """See :class:`rnas.attacks.attack.Attack`."""
        return self.members[0][1].norm

    def fitting(self, classes: int) -> tuple[tuple[str, Attack], ...]:
        """Return the members whose losses exist for a number of classes."""
        return tuple((name, attack) for name, attack in self.members if least_classes(attack) <= classes)

    def left_out(self, classes: int) -> dict[str, str]:
        """Why the other members are left out, by name."""
        return {
            name: f"its loss needs {least_classes(attack)} classes, the network has {classes}"
            for name, attack in self.members
            if least_classes(attack) > classes
        }

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """See :class:`rnas.attacks.attack.Attack`; an image that withstands all is the last attack's."""
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
    """Of how many classes a network must be for an attack's loss to exist."""
    return attack.least_classes if isinstance(attack, AutoAttackComponent) else 2


def _named(attacks: tuple[AutoAttackComponent, ...]) -> tuple[tuple[str, Attack], ...]:
    return tuple((attack.name, attack) for attack in attacks)


def _standard(epsilon: Fraction, norm: Norm) -> Ensemble:
    """AutoAttack's version "standard": APGD-CE, APGD-T, FAB-T and Square."""
    attacks = (
        APGD(epsilon, norm),
        TargetedAPGD(epsilon, norm, standard_targets(norm)),
        TargetedFAB(epsilon, norm),
        Square(epsilon, norm),
    )
    return Ensemble("autoattack", _named(attacks))


def _fast(epsilon: Fraction, norm: Norm) -> Ensemble:
    """What breaks nearly every image that the standard version breaks, the cheapest first."""
    first = ("pgd20", PGD(epsilon, 20, Fraction(1, 10), norm=norm))
    attacks = (APGD(epsilon, norm), TargetedAPGD(epsilon, norm, _FEW_TARGETS))
    return Ensemble("autoattack-fast", (first, *_named(attacks)))


def _cascade(epsilon: Fraction, norm: Norm) -> Ensemble:
    """The fast form, then all of the standard version that it lacks, so that it breaks what the standard one breaks.

    Images at the edge fall to one random start and not to another: some restarts of PGD make up for that. They cost
    less than is saved by what PGD breaks at the start, and by asking nothing about squares that change nothing.
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
    forms="autoattack (its standard version), autoattack-fast (PGD-20, APGD-CE, APGD-T on three targets), "
    "autoattack-cascade (the fast form, then the rest of the standard version)",
    norms=("linf", "l2", "l1"),
    parse=_parse,
)
