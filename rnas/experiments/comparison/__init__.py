"""Networks at the same FLOPs, trained by one recipe with several seeds, and what their differences are worth."""
