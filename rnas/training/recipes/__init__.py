"""Provide the recipes of rnas, one file per paper; packages register others under ``rnas.recipes``."""
