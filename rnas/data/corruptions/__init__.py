"""Compute the common corruptions of images (Hendrycks and Dietterich, ICLR 2019), or read them from published files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
