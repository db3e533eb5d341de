"""Check what can be checked of a result before anything is evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rnas.data.fidelity import Fidelity
from rnas.evaluation.training_data import listed
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.training.recipe import Recipe
from rnas.utils.provenance import device_name, json_hash, processor, versions

CIRCUMSTANCES = ("versions", "device", "processor")
"""Fields of a record's provenance that may change the last digits."""

_RECIPE_PARTS = ("recipe", "fidelity", "epsilon", "augmentation")
RECIPE = frozenset({*_RECIPE_PARTS, "recipe_hash"})
"""Fields of it that describe how a network was trained."""


@dataclass(frozen=True)
class Check:
    """Hold a recorded value and its value here.

    Attributes:
        name: name of the value.
        recorded: the recorded value; empty if there is no record of it.
        found: the value here.
        same: whether the two agree; None if there is no recorded value.
        decides: whether a difference refutes the result, because it would be a result of something else.
    """

    name: str
    recorded: str
    found: str
    same: bool | None
    decides: bool = True

    @property
    def refutes(self) -> bool:
        """Return whether the check refutes the result."""
        return self.decides and self.same is False


def compared(name: str, recorded: Any, found: Any) -> Check:
    """Return a deciding check of two values that print as they are; None was not recorded."""
    return Check(name, _text(recorded), _text(found), None if recorded is None else recorded == found)


def network_checks(
    key: str, architecture: Architecture, recorded: Mapping[str, float], shape: Shape, classes: int
) -> list[Check]:
    """Check that an architecture has its key, and the ``params`` and ``flops`` of the record if it has them.

    Args:
        key: recorded key.
        architecture: recorded architecture.
        recorded: costs by name.
        shape: (C, H, W) of an image.
        classes: number of classes.
    """
    cost = architecture.cost(shape, classes)
    costs = {"params": cost.params, "flops": cost.flops}
    own = [compared(name, int(recorded[name]), found) for name, found in costs.items() if name in recorded]
    return [compared("key", key, arch.key(architecture)), *own]


def data_checks(recorded: Mapping[str, Any], here: Mapping[str, Any]) -> list[Check]:
    """Check by hashes that the images, and the extra training images if there are any, are the recorded ones.

    Args:
        recorded: ``hash`` of all splits, and ``extra``, which is None, or has a ``sha256`` or ``hash`` of its own.
        here: the same of now.
    """
    found = [compared("data", recorded["hash"], here["hash"])]
    if recorded.get("classes") and here.get("classes"):
        found.append(compared("classes", _classes(recorded["classes"]), _classes(here["classes"])))
    if recorded.get("extra") or here.get("extra"):
        found.append(compared("extra data", _extra(recorded), _extra(here)))
    return found


def recipe_check(recorded: Mapping[str, Any], here: Mapping[str, Any]) -> Check:
    """Check that the recorded training is the one that is configured here, and that its hash is correct.

    Args:
        recorded: ``recipe``, ``fidelity``, ``epsilon`` and ``augmentation`` of a record, and ``recipe_hash``.
        here: the same fields now. A field that recipes did not have then, with its default, is no difference.
    """
    parts = {name: recorded[name] for name in _RECIPE_PARTS}
    intact = json_hash(parts) == recorded["recipe_hash"]
    same = intact and _training(recorded) == _training(here)
    found = here["recipe_hash"] if intact else f"{json_hash(parts)} of the recorded recipe"
    return Check("recipe", recorded["recipe_hash"], found, same)


def circumstances(recorded: Mapping[str, Any], device: str) -> list[Check]:
    """Compare versions, device and processor. Where they differ, last digits may differ, and a training soon differs
    more.

    Args:
        recorded: provenance that may hold each of them by its name.
        device: a torch device.
    """
    before: Mapping[str, str] = recorded.get("versions") or {}
    now = {library: _version(library) for library in before}
    changed = [library for library in before if before[library] != now[library]]
    shown = changed or list(before)
    return [
        Check("versions", _listed(before, shown), _listed(now, shown), not changed if before else None, False),
        _circumstance("device", recorded.get("device"), device_name(device)),
        _circumstance("processor", recorded.get("processor"), processor(device)),
    ]


def as_recorded(checks: list[Check]) -> bool:
    """Return whether versions, device and processor are known to be those of the record."""
    return all(check.same is True for check in checks if check.name in CIRCUMSTANCES)


def _classes(names: Sequence[str]) -> str:
    """Return the names of the classes, of many the first with the hash of all."""
    classes = tuple(names)
    shown = listed(classes)
    return shown if shown == ", ".join(classes) else f"{shown} ({json_hash({'classes': list(classes)})})"


def _extra(data: Mapping[str, Any]) -> str | None:
    """Return what identifies extra images; None if the record does not say whether there were any."""
    if "extra" not in data:
        return None
    extra = data["extra"]
    if not isinstance(extra, Mapping):
        return "none" if extra is None else str(extra)
    return str(extra.get("sha256") or extra.get("hash") or json_hash(extra))


def _circumstance(name: str, recorded: str | None, found: str) -> Check:
    return Check(name, recorded or "", found, recorded == found if recorded else None, False)


def _training(parts: Mapping[str, Any]) -> tuple[Recipe, Fidelity, str, list[str]] | None:
    try:
        recipe, fidelity = Recipe.model_validate(parts["recipe"]), Fidelity.model_validate(parts["fidelity"])
    except ValueError:
        return None
    return recipe, fidelity, str(parts["epsilon"]), list(parts["augmentation"])


def _version(library: str) -> str:
    if library in versions():
        return versions()[library]
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def _listed(found: Mapping[str, str], names: list[str]) -> str:
    return ", ".join(f"{name} {found[name]}" for name in names)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
