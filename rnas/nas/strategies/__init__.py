"""Propose what to evaluate next."""
