"""Export networks with their weights in formats of other tools, and check every export after writing it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
