"""Find attacks by the names that papers use for robust accuracy: ``fgsm``, ``pgd20``, ``cw40``."""

from contextlib import suppress
from fractions import Fraction

from rnas import registry
from rnas.attacks.attack import Attack, Norm
from rnas.attacks.family import AttackFamily
from rnas.errors import InputError


def attack_families() -> dict[str, AttackFamily]:
    """Return every family that can be loaded, of rnas and of other packages, by its registered name."""
    families = {}
    for name in registry.names(registry.ATTACKS):
        # An error in another package's attack must not stop an evaluation that does not use it.
        with suppress(InputError):
            families[name] = registry.load(registry.ATTACKS, name)
    return families


def attack_forms() -> str:
    """Return the forms of all names, for help and messages."""
    return "; ".join(family.forms for family in attack_families().values())


def named_attack(name: str, epsilon: Fraction, norm: Norm = "linf") -> Attack:
    """Return the attack of a name within a ball.

    Args:
        name: a name of a registered family; see :func:`attack_forms`.
        epsilon: radius, at least 0; in the l-infinity norm at most 1.
        norm: norm of the ball.

    Raises:
        InputError: no attack has this name, two families have it, or the attack does not exist in this norm.
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
            f"attack {name} is a name in several registered families, {', '.join(found)}: uninstall all but one"
        )
    return next(iter(found.values()))
