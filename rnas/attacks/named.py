"""Attacks by the names that papers report robust accuracy under: ``fgsm``, ``pgd20``, ``cw40``."""

from contextlib import suppress
from fractions import Fraction

from rnas import registry
from rnas.attacks.attack import Attack, Norm
from rnas.attacks.family import AttackFamily
from rnas.errors import InputError


def attack_families() -> dict[str, AttackFamily]:
    """Every family that can be loaded, ours and other packages', by the name that it is registered under."""
    families = {}
    for name in registry.names(registry.ATTACKS):
        # What is wrong with another package's attack must not cost an evaluation that does not use it.
        with suppress(InputError):
            families[name] = registry.load(registry.ATTACKS, name)
    return families


def attack_forms() -> str:
    """The forms of every name there is, for help and messages."""
    return "; ".join(family.forms for family in attack_families().values())


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
    families = attack_families()
    for registered, family in families.items():
        known = norm in family.norms
        attack = family.parse(name, epsilon, norm if known else family.norms[0])
        if attack is None:
            continue
        if not known:
            raise InputError(f"attack {name} has no {norm} form; it has {', '.join(family.norms)}")
        found[registered] = attack
    if not found:
        broken = [name for name in registry.names(registry.ATTACKS) if name not in families]
        unloaded = f"; not loaded: {', '.join(broken)} (rnas plugins attacks says why)" if broken else ""
        raise InputError(f"unknown attack {name!r}; known: {attack_forms()}{unloaded}")
    if len(found) > 1:
        raise InputError(
            f"attack {name} is a name of several registered families, {', '.join(found)}: uninstall all but one"
        )
    return next(iter(found.values()))
