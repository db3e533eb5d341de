"""What people read of experiments: the words of their progress, and their results."""
