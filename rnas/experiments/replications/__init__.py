"""Replications of the papers' experiments on architectures, at any size, each judged by its own data."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
