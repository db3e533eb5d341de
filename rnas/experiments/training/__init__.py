"""One network trained by a recipe, in a directory of its own: checkpoints, history, exact resume, final evaluation."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
