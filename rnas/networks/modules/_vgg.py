"""VGG networks with batch normalisation for small images."""

from collections.abc import Sequence

from torch import Tensor, nn


class VGGNetwork(nn.Module):
    """Apply convolutions and one linear layer.

    Args:
        image_channels: channels of an image.
        num_classes: number of logits.
        stages: channels of the convolutions of each stage; a 2x2 maximum pooling ends a stage.
    """

    def __init__(self, image_channels: int, num_classes: int, stages: Sequence[Sequence[int]]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = image_channels
        for stage in stages:
            for outputs in stage:
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        # At this point the published network has a 1x1 map; the average also allows larger images.
        layers.append(nn.AdaptiveAvgPool2d(1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.classifier(self.features(images).flatten(1))
        return logits
