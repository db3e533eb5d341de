"""Measure what explains the robustness of a network, one file each; packages register theirs as entry points."""
