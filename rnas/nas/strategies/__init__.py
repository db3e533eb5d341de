"""Search strategies, which propose the genomes to evaluate next."""
