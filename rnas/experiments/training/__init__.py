"""One network trained by a recipe, in a directory of its own: checkpoints, history, exact resume, final evaluation."""
