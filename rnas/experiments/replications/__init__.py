"""Replications of the papers' experiments on architectures, at any size, each judged by its own data."""
