"""Word the training of a supernet, for the terminal and as a page."""

from pathlib import Path

from rnas.experiment import REPORT
from rnas.experiments.supernet.experiment import SupernetResult
from rnas.report import _page as page
from rnas.report._blocks import Block, Table, columns
from rnas.training.search_cost import SearchCost
from rnas.utils.quantities import duration, format_size, pluralize


def write(result: SupernetResult, path: Path) -> None:
    """Write ``report.html`` of a supernet into its directory."""
    page.write_blocks(path / REPORT, "supernet", f"Supernet of space {result.settings.space['name']}", blocks(result))


def blocks(result: SupernetResult) -> list[Block]:
    """Return what was trained and what it cost, and a row for each epoch."""
    settings = result.settings
    rows = tuple(
        (
            f"{row['epoch']:.0f}",
            f"{row['loss']:.4f}",
            f"{row['train_robust_accuracy']:.1%}",
            f"{row['learning_rate']:.2g}",
            duration(row["seconds"]),
        )
        for row in result.history
    )
    return [
        f"{format_size(result.weights)} weights that the networks of space {settings.space['name']} share, trained on "
        f"{settings.data} by recipe {settings.recipe.name} with epsilon {settings.eps}, seed {settings.seed}; sampling "
        f"of paths: {settings.sampling}.",
        f"{pluralize(len(rows), 'epoch')} of {settings.fidelity.epochs} done. {cost_sentence(result.cost)}",
        Table(columns("epoch", "loss", "robust, train", "learning rate", "time"), rows),
        "Robust, train: accuracy of the sampled paths on their adversarial training images.",
    ]


def cost_sentence(cost: SearchCost) -> str:
    """Return what something cost, in one sentence."""
    return (
        f"Cost: {format_size(cost.images_forward)} images passed forward and {format_size(cost.images_backward)} "
        f"backward, {duration(cost.device_seconds)} on the device."
    )
