"""Describe and build networks: their families, their layers and their exact cost."""
