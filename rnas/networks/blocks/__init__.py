"""Block types of residual networks, one file each; found by entry point."""
