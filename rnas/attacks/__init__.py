"""Provide adversarial attacks, one file each; packages register theirs as entry points."""
