"""Measure accuracy and robustness of networks, and what explains them."""
