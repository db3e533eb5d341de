"""Export networks with their weights in formats of other tools, and check every export after writing it."""
