"""Zero-cost proxies: scores of networks that nobody has trained, one file each; found by entry point."""
