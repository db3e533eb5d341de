"""The report of a run: one HTML file, a table for the terminal and one for spreadsheets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
