"""Evaluators of a user's own."""

from rnas.evaluation.evaluator import Context, Task


def total_depth(task: Task, context: Context) -> dict[str, float]:
    """The deeper the better."""
    return {"score": float(sum(task.architecture.depths))}
