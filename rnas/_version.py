"""Hold the version of rnas."""

__version__ = "0.1.0"
