"""Evaluate architectures: the contract, and the evaluators that rnas ships."""
