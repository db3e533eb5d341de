"""Exports: networks with their weights in forms that are used elsewhere, each checked as soon as it is written."""
