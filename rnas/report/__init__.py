"""Write everything that a person reads about results: pages, tables, figures and sentences."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
