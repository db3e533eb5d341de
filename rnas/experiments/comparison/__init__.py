"""Compare networks at the same FLOPs, trained by one recipe with several seeds, and test their differences."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
