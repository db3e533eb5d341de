"""Provide the search spaces of rnas, one file each; registered as entry points."""
