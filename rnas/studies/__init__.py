"""Replications of the papers' replications of architectures, at any size, each judged by its own data."""
