"""Conformance tests for parts of rnas, our own and other people's: inherit a class and say what to test."""
