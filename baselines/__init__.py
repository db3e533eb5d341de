"""Provide published networks and their search methods, one family per file; registered as entry points."""
