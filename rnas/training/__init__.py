"""Train networks: recipes as data, and the loop that runs them."""
