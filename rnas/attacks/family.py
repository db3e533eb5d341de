"""What a package registers so that an attack is found by name."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from rnas.attacks.attack import Attack, Norm


@dataclass(frozen=True)
class AttackFamily:
    """Attacks of one kind and the names that they go by; registered under ``rnas.attacks``.

    Attributes:
        name: of the family, such as ``pgd``.
        forms: of its names, for help and messages, such as ``fgsm`` or ``pgdN of N steps``.
        norms: that it has; at least one.
        parse: from a name in lower case, a radius and one of the norms to the attack; None if the name is not one of
            the family's. It raises InputError where the name is the family's and is no attack.
    """

    name: str
    forms: str
    norms: tuple[Norm, ...]
    parse: Callable[[str, Fraction, Norm], Attack | None]
