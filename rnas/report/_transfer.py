"""Word a matrix of transferred attacks."""

from rnas.experiments.transfer import TransferMatrix
from rnas.report._blocks import Block, Table, columns
from rnas.utils.quantities import pluralize


def blocks(matrix: TransferMatrix) -> list[Block]:
    """Return the matrix, with clean accuracy as its last row."""
    percent = [
        (name, *(f"{100 * cell.value:.1f}" for cell in row))
        for name, row in (*zip(matrix.names, matrix.accuracies, strict=True), ("none (clean)", matrix.clean))
    ]
    widest = max(cell.high - cell.low for row in matrix.accuracies for cell in row)
    return [
        f"Accuracy in per cent of the network of a column on images that {matrix.attack} computed on the network of a "
        f"row, l-infinity radius {matrix.epsilon}, {pluralize(matrix.images, 'image')}.",
        Table(columns("computed on", *matrix.names), tuple(percent)),
        "On the diagonal a network is attacked by its own gradient. The widest 95 % interval (Wilson, over images) has "
        f"{100 * widest:.1f} points. If a network is weaker against another one's images than against its own, its "
        "gradient is masked.",
    ]
