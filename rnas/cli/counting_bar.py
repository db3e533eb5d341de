"""The bar of what is counted: evaluations, epochs, trials."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


def counting_bar() -> Progress:
    """A bar without a task; tasks have a field ``left``, the words after the count."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(40), MofNCompleteColumn(), TextColumn("{task.fields[left]}")
    )
