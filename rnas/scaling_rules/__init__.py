"""Estimate, test and save rules: how to spread depth and width over the stages of a network."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
