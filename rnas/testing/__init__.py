"""Test plug-ins for conformance, those of rnas and of other packages: inherit a class and name what to test."""
