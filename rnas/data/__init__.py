"""Load images, divide them into splits, and augment or corrupt them."""
