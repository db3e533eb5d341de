"""Bound the sizes of networks and images, far above all that is published and far below what no machine can hold."""

import os
from collections.abc import Iterable
from typing import Any

from rnas._typing import Shape
from rnas.errors import InputError
from rnas.utils._text import shown

MOST_LAYERS = 2_000
"""Most blocks, cells or convolutions of one network; ResNet-1202 has 600 blocks."""
MOST_CHANNELS = 65_536
"""Most channels of a layer, and the largest value of any other size without a bound of its own."""
_MOST_SIDE = 65_536
_MOST_VALUES = 2**27
_MOST_CLASSES = 10**6


def require_positive(where: str, name: str, value: Any, most: int = MOST_CHANNELS) -> None:
    """Raise InputError unless ``value`` is a whole number from 1 to ``most``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{where}: {name} is {shown(value)}; write a whole number of at least 1")
    if value > most:
        raise InputError(f"{where}: {name} is {shown(value)}; write at most {most:,}")


def require_sizes(where: str, layers: int, channels: Iterable[int]) -> None:
    """Raise InputError if a network has too many layers, or a layer too many channels."""
    if layers > MOST_LAYERS:
        raise InputError(f"{where}: {shown(layers)} layers; the most is {MOST_LAYERS:,}")
    widest = max(channels)
    if widest > MOST_CHANNELS:
        raise InputError(f"{where}: {shown(widest)} channels; the most is {MOST_CHANNELS:,}")


def require_images(input_shape: Shape, num_classes: int) -> None:
    """Raise InputError unless this can be the shape (C, H, W) of images and their number of classes."""
    if num_classes < 1 or len(input_shape) != 3 or min(input_shape) < 1:
        raise InputError(
            f"{shown(num_classes)} classes and images of shape {shown(input_shape)}: give whole numbers above zero, "
            "three for the shape"
        )
    channels, height, width = input_shape
    if max(input_shape) > _MOST_SIDE or channels * height * width > _MOST_VALUES or num_classes > _MOST_CLASSES:
        raise InputError(
            f"{shown(num_classes)} classes and images of shape {shown(input_shape)}: an image has at most "
            f"{_MOST_VALUES:,} values, and there are at most {_MOST_CLASSES:,} classes"
        )


def memory() -> int:
    """Return the bytes of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
