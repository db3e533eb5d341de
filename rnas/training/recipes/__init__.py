"""Provide the recipes of rnas, one file per paper; packages register others under ``rnas.recipes``."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
