"""Use rnas search spaces as model spaces of NNI; this needs the extra ``nni``."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
