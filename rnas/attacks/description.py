"""Describe an attack's settings as JSON values, for reports and records."""

from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

from torch import nn

from rnas.attacks.attack import Attack
from rnas.attacks.pgd import PGD


@runtime_checkable
class SpecialCaseOfPGD(Protocol):
    """Run PGD with some settings fixed; the description has all settings of PGD."""

    def as_pgd(self) -> PGD:
        """Return the attack as PGD."""


def describe(attack: Attack) -> dict[str, Any]:
    """Return everything that decides the attack's result, except network, images and seed.

    Returns:
        ``name`` (the class), ``norm``, ``epsilon``, and each other field by its name: fractions as text, and fields
        that are dataclasses as mappings. If the field ``step`` is a fraction, it is a share of epsilon, and
        ``step_size`` is the size of the step, for pixels in [0, 1].
    """
    complete = attack.as_pgd() if isinstance(attack, SpecialCaseOfPGD) else attack
    described = {"name": type(attack).__name__, "norm": attack.norm, "epsilon": str(attack.epsilon)}
    described |= {name: value for name, value in _json(complete).items() if name not in described}
    step = getattr(complete, "step", None)
    if isinstance(step, Fraction):
        described["step_size"] = str(attack.epsilon * step)
    return described


def _json(value: Any) -> Any:
    if is_dataclass(value):
        values = {field.name: getattr(value, field.name) for field in fields(value)}
        # The field source_name describes the source network.
        return {name: _json(part) for name, part in values.items() if not isinstance(part, nn.Module)}
    if isinstance(value, tuple | list):
        return [_json(element) for element in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
