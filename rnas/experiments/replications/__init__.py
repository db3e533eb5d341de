"""The papers' replications of architectures, each to be repeated at any size and judged by its own data."""
