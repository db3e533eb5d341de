"""Replications of the papers' studies of architectures, at any size, each judged by its own data."""
