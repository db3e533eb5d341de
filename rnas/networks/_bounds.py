"""Bound the sizes of networks and images, far above all that is published and far below what no machine can hold."""

import os
from collections.abc import Iterable, Sequence
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


def require_stages(where: str, depths: Sequence[int], **others: Sequence[int]) -> None:
    """Raise InputError unless every stage has a depth and one of each of the other values, all whole and positive.

    Args:
        where: what the network is called in the message.
        depths: number of layers of each stage.
        others: values of the stages by the names of their fields; the widest layer is the largest of them.
    """
    if not depths:
        raise InputError(f"{where} has no stage; give at least one depth")
    for name, values in {"depths": depths, **others}.items():
        if len(values) != len(depths):
            raise InputError(f"{where} has {len(depths)} depths and {len(values)} {name}; give as many")
        for value in values:
            require_positive(where, name, value)
    require_sizes(where, sum(depths), [value for values in others.values() for value in values] or [1])


def require_divisible(where: str, channels: int, heads: int) -> None:
    """Raise InputError unless this number of heads can share the channels."""
    if channels % heads:
        raise InputError(
            f"{where}: {shown(channels)} channels cannot be shared by {shown(heads)} heads; "
            "give a multiple of the heads"
        )


def require_patches(where: str, input_shape: Shape, patch: int) -> None:
    """Raise InputError unless images (C, H, W) consist of whole square patches."""
    if input_shape[1] % patch or input_shape[2] % patch:
        raise InputError(
            f"{where}: images of {input_shape[1]}x{input_shape[2]} have no whole number of "
            f"{shown(patch)}x{shown(patch)} patches: give another patch, or images whose sides are multiples of it"
        )


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
