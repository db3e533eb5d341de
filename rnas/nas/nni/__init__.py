"""For those who search with NNI: our search spaces as its model spaces. Needs the extra ``nni``."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
