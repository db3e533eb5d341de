"""Zero-cost proxies, which score untrained networks; one file each, found by entry point."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
