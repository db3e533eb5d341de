"""The recipes that rnas ships, one file a paper; others are registered under ``rnas.recipes``."""
