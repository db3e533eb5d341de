"""Run evaluations in this process, or in one process for each slot, or on a cluster of Ray."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
