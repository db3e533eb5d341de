"""Tuning the hyperparameters of a recipe: trials on training images alone, chosen by val images."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
