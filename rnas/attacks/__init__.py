"""Provide adversarial attacks, one file each; packages register theirs as entry points."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
