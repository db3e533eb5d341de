"""Conformance tests for plug-ins of rnas, our own and other people's: inherit a class and say what to test."""
