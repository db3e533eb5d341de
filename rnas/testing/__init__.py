"""Test plug-ins for conformance, those of rnas and of other packages: inherit a class and name what to test."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
