"""Scripts that read exports in a fresh process; each is run by itself, most without rnas."""
