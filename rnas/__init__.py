"""rnas: robust neural architecture search."""

import lazy_loader

from rnas._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
