"""Scripts that read exports in a new process; each runs alone, most without rnas."""
