"""Compute intervals, tests and models that reviewers accept."""
