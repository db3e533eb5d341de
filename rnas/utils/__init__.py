"""Provide files, directories, databases, provenance, quantities and reproducible noise."""
