"""Adversarial training: recipes as data, and the loop that runs them."""
