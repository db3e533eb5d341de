"""Define what a package registers to make an attack available by name."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from rnas.attacks.attack import Attack, Norm


@dataclass(frozen=True)
class AttackFamily:
    """Describe attacks of one kind and their names; registered under ``rnas.attacks``.

    Attributes:
        name: name of the family, such as ``pgd``.
        forms: forms of its names, for help and messages, such as ``fgsm`` or ``pgdN with N steps``.
        norms: the norms that it has; at least one.
        parse: function from a name in lower case, a radius and one of the norms to the attack. It returns None for a
            name of another family, and raises InputError for a name of this family that gives no attack.
    """

    name: str
    forms: str
    norms: tuple[Norm, ...]
    parse: Callable[[str, Fraction, Norm], Attack | None]
