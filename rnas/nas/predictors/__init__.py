"""Predictors of a metric and its uncertainty from the features of a genome."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
