"""Measurements that explain the robustness of a network, one file each; found by entry point."""
