"""Adversarial attacks, one file each; found by entry point."""
