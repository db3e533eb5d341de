"""Search for networks: objectives, strategies, and the loop between strategy, ledger and executor."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
