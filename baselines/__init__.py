"""Published networks and search methods, one family a file; found by entry point."""
