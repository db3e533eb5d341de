"""Modules that are imported when they are first used."""

from importlib import import_module
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """Stands for a module and imports it when an attribute of it is first read.

    A description that costs nothing to import can so name what needs torch. It is not entered into ``sys.modules``:
    other code that looks there whether torch is loaded sees the truth.

    Args:
        name: dotted name of the module.
    """

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self.__name__), attribute)
