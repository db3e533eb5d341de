"""Evaluate architectures: the contract, and the evaluators that rnas ships."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
