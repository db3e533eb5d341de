"""Provide block types of residual networks, one file each; registered as entry points."""
