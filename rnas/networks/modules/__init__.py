"""The torch modules of the networks; :mod:`rnas.networks` describes them without importing torch."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
