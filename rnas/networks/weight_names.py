"""Translate the names of tensors in published weights to those of rnas."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rename:
    """Replace the beginning of names; ``{}`` means one part between dots, in the same order in both.

    ``Rename("blocks.{}.layer.{}.convShortcut.", "blocks.{}.layer.{}.shortcut.0.")`` renames the shortcuts of every
    block; the rest of the name does not change.
    """

    original: str
    ours: str


@dataclass(frozen=True)
class WeightNames:
    """Translate the names in the state dicts of one released implementation.

    Attributes:
        code: the implementation, as owner/repository.
        renames: beginnings of names that differ from those of rnas; the first that fits is used. All other names are
            equal.
        training_only: beginnings of names that only training reads; they are ignored when weights are loaded.
    """

    code: str
    renames: tuple[Rename, ...] = ()
    training_only: tuple[str, ...] = ()

    def ours(self, original: str) -> str | None:
        """Return the name of a tensor in rnas, or None if only training reads it."""
        if original.startswith(self.training_only):
            return None
        return _renamed(original, [(rename.original, rename.ours) for rename in self.renames])

    def original(self, ours: str) -> str:
        """Return the inverse of :meth:`ours`."""
        return _renamed(ours, [(rename.ours, rename.original) for rename in self.renames])


def _renamed(name: str, beginnings: Sequence[tuple[str, str]]) -> str:
    for old, new in beginnings:
        match = re.match(re.escape(old).replace(r"\{\}", r"([^.]+)"), name)
        if match is not None:
            return new.format(*match.groups()) + name[match.end() :]
    return name
