"""The torch modules of the networks; :mod:`rnas.networks` describes them without importing torch."""
