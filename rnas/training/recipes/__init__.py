"""The recipes that rnas ships, one file a paper; others are registered under ``rnas.recipes``."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
