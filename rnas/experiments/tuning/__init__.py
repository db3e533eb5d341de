"""Tune the hyperparameters of a recipe in trials that use training images only and are compared on val images."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
