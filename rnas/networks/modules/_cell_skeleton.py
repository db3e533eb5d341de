"""The skeleton that DARTS, AdvRush, RACL and RobNet share: a stem, a row of cells, pooling and a classifier."""

from collections.abc import Iterable

from torch import Tensor, nn

from rnas.networks.cell_skeleton import (
    CellPlace,
)
from rnas.networks.modules._cell_operations import FactorizedReduce, ReLUConvBN


class Cell(nn.Module):
    """Convert the two inputs of a cell to one size and number of channels; all cells begin with this."""

    def __init__(self, place: CellPlace, affine: bool = True) -> None:
        super().__init__()
        before, last = place.inputs
        adapt = FactorizedReduce if place.after_reduction else ReLUConvBN
        self.preprocess0 = adapt(before, place.channels, affine)
        self.preprocess1 = ReLUConvBN(last, place.channels, affine)


def stem(image_channels: int, channels: int) -> nn.Sequential:
    """Return the stem for small images: a 3x3 convolution and batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(image_channels, channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
    )


class CellNetwork(nn.Module):
    """Classify small images by a network of cells; logits come from the pooled output of the last cell."""

    def __init__(self, stem: nn.Module, cells: Iterable[nn.Module], classifier: nn.Linear) -> None:
        super().__init__()
        self.stem = stem
        self.cells = nn.ModuleList(cells)
        self.global_pooling = nn.AdaptiveAvgPool2d(1)
        self.classifier = classifier

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        before = last = self.stem(images)
        for cell in self.cells:
            before, last = last, cell(before, last)
        logits: Tensor = self.classifier(self.global_pooling(last).flatten(1))
        return logits
