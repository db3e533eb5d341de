"""Search spaces that rnas ships, one file each; found by entry point."""
