"""Exports: networks with their weights in forms that are used elsewhere, each checked as soon as it is written."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
