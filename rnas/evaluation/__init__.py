"""From an architecture to its metrics: contracts, and the evaluators that rnas ships."""
