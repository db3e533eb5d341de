"""Tuning the hyperparameters of a recipe: trials on training images alone, chosen by held-out val images."""
