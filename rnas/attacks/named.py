"""Attacks by the names that papers report robust accuracy under: ``fgsm``, ``pgd20``, ``cw40``."""

from fractions import Fraction

from rnas import registry
from rnas.attacks.attack import Attack, Norm
from rnas.attacks.family import AttackFamily
from rnas.errors import InputError


def attack_families() -> list[AttackFamily]:
    """Every registered family, ours and other packages', by name."""
    families: list[AttackFamily] = [registry.load(registry.ATTACKS, name) for name in registry.names(registry.ATTACKS)]
    return sorted(families, key=lambda family: family.name)


def attack_forms() -> str:
    """The forms of every name there is, for help and messages."""
    return "; ".join(family.forms for family in attack_families())


def named_attack(name: str, epsilon: Fraction, norm: Norm = "linf") -> Attack:
    """The attack of a name within a ball.

    Args:
        name: one of a registered family's, see :func:`attack_forms`.
        epsilon: radius, at least 0; in the l-infinity norm at most 1.
        norm: of the ball.

    Raises:
        InputError: there is no attack of this name, two families have one, or there is none in this norm.
    """
    found: dict[str, Attack] = {}
    for family in attack_families():
        known = norm in family.norms
        attack = family.parse(name, epsilon, norm if known else family.norms[0])
        if attack is None:
            continue
        if not known:
            raise InputError(f"attack {name} has no {norm} form; it has {', '.join(family.norms)}")
        found[family.name] = attack
    if not found:
        raise InputError(f"unknown attack {name!r}; known: {attack_forms()}")
    if len(found) > 1:
        raise InputError(
            f"attack {name} is a name of several registered families, {', '.join(found)}: uninstall all but one"
        )
    return next(iter(found.values()))
