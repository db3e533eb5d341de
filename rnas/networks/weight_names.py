"""How the tensors of published weights are named, and what they are called here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rename:
    """A beginning of names: ``{}`` stands for one part between dots, in both in the same order.

    ``Rename("blocks.{}.layer.{}.convShortcut.", "blocks.{}.layer.{}.shortcut.0.")`` renames the shortcuts of every
    block; what follows the beginning is kept.
    """

    original: str
    ours: str


@dataclass(frozen=True)
class WeightNames:
    """The names in the state dicts of one released implementation.

    Attributes:
        code: the implementation, as owner/repository.
        renames: beginnings of names that differ from ours; the first that fits counts. All other names are ours.
        training_only: beginnings of names that only training reads; they are left out when weights are loaded.
    """

    code: str
    renames: tuple[Rename, ...] = ()
    training_only: tuple[str, ...] = ()

    def ours(self, original: str) -> str | None:
        """Our name of a tensor, or None where only training reads it. A leading ``module.`` is left out."""
        name = original.removeprefix("module.")
        if name.startswith(self.training_only):
            return None
        return _renamed(name, [(rename.original, rename.ours) for rename in self.renames])

    def original(self, ours: str) -> str:
        """The inverse of :meth:`ours`."""
        return _renamed(ours, [(rename.ours, rename.original) for rename in self.renames])


def _renamed(name: str, beginnings: Sequence[tuple[str, str]]) -> str:
    for old, new in beginnings:
        match = re.match(re.escape(old).replace(r"\{\}", r"([^.]+)"), name)
        if match is not None:
            return new.format(*match.groups()) + name[match.end() :]
    return name
