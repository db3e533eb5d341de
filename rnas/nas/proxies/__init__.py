"""Zero-cost proxies, which score untrained networks; one file each, found by entry point."""
