"""Hold a data set in memory and divide it into its four disjoint splits."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnas.data.fidelity import Fidelity
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.networks.architecture import Shape

SPLITS = ("train", "val", "search_val", "test")
"""Splits of a data set, by the order in which they are divided."""

_HASHED_ROWS = 4096

_MOST = 255  # of a uint8

_State = tuple[int, ...]


@dataclass(frozen=True)
class Dataset:
    """Hold labelled images as they were published. Do not write into the tensors.

    Attributes:
        name: registered name.
        pixels: (N, C, H, W) uint8.
        labels: (N,) int64 in [0, num_classes).
        white: the pixel value that becomes 1.0.
        num_classes: number of classes.
        num_test_images: number of published test images, which come last; 0 if there are no test images.
        splits: default sizes of the four splits.
        epsilon: the usual l-infinity radius.
        fidelity: default training length, as keyword arguments of a Fidelity.
        augmentation: names of the augmentations for these images.
        note: what a reader of results on this data must know; may be empty.
        verified: whether every file has its published checksum. False is not an error, as copies of the same images in
            other archives exist, but it is unknown whether the images are the same. None means that no checksums are
            published.
        classes: names of the classes by label; empty if they have none. Weights are only good for data whose classes
            have the same names in the same order.

    Raises:
        InputError: a type, a shape or a value differs from the above, or ``fidelity`` has names that Fidelity lacks.
    """

    name: str
    pixels: Tensor
    labels: Tensor
    white: int
    num_classes: int
    num_test_images: int
    splits: SplitSizes
    epsilon: Fraction
    fidelity: Mapping[str, Any]
    augmentation: tuple[str, ...] = ()
    note: str = ""
    verified: bool | None = None
    classes: tuple[str, ...] = ()
    _digests: dict[_State, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fault = next(_faults(self), None)
        if fault is not None:
            raise InputError(f"data set {self.name!r}: {fault}")

    @property
    def input_shape(self) -> Shape:
        """Return (C, H, W), the shape of one image."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    @property
    def digest(self) -> str:
        """Return the sha256 of all pixels and labels, in hexadecimal; it is computed once."""
        state = _state(self.pixels, self.labels)
        if state not in self._digests:
            self._digests[state] = _sha256(self.pixels, self.labels)
        return self._digests[state]

    @property
    def identity(self) -> str:
        """Return a hash of the images, which of them are test images, and the classes, in hexadecimal."""
        return hashlib.sha256(f"{self.digest} {self.num_test_images} {self.classes}".encode()).hexdigest()


@dataclass(frozen=True)
class Split:
    """Hold images of one split on one device. Do not write into the tensors.

    Attributes:
        pixels: (n, C, H, W) uint8.
        labels: (n,) int64.
        ids: (n,) int64, the images' positions in the data set; attack noise depends on them.
        white: the pixel value that becomes 1.0.
    """

    pixels: Tensor
    labels: Tensor
    ids: Tensor
    white: int
    # Digest of the dataset that the images are rows of, and the tensors' states then. Not a field to pass on: a split
    # made by dataclasses.replace may hold other images.
    _origin: tuple[str, _State] | None = field(default=None, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def digest(self) -> str:
        """Return the sha256 of pixels, labels, ids and white, in hexadecimal.

        For a split from :func:`divide` it is computed from the data set's own digest and the ids, which is fast.
        """
        origin = self._dataset_digest
        own = _sha256(self.ids) if origin else _sha256(self.pixels, self.labels, self.ids)
        return hashlib.sha256(f"{origin} {own} {self.white}".encode()).hexdigest()

    def first(self, n: int) -> "Split":
        """Return the first ``n`` images; the classes of any first images of a split are balanced."""
        split = Split(self.pixels[:n], self.labels[:n], self.ids[:n], self.white)
        return _with_origin(split, self._dataset_digest)

    def to(self, device: torch.device | str) -> "Split":
        """Return the same images on another device."""
        split = Split(self.pixels.to(device), self.labels.to(device), self.ids.to(device), self.white)
        return _with_origin(split, self._dataset_digest)

    def images(self, rows: Tensor | slice) -> Tensor:
        """Return images (b, C, H, W) float32 in [0, 1]."""
        return scaled(self.pixels[rows], self.white)

    @property
    def _dataset_digest(self) -> str:
        """Return the digest of the data set if the images are still its rows, else an empty text."""
        if self._origin is None or self._origin[1] != _state(self.pixels, self.labels, self.ids):
            return ""
        return self._origin[0]


def scaled(pixels: Tensor, white: int) -> Tensor:
    """Return images, float32 in [0, 1], from uint8 pixels in [0, white]."""
    # GPUs would multiply by the reciprocal of a plain number, and half of the images would differ in the last digit.
    return pixels.float().div_(torch.full((), float(white), device=pixels.device))


def balanced_order(labels: Tensor, seed: int) -> Tensor:
    """Return a permutation (n,) of all images, shuffled by seed, whose every prefix has balanced classes."""
    rng = np.random.default_rng(seed)
    label = labels.numpy()
    place = np.empty(len(label))
    for number in np.unique(label):
        rows = rng.permutation(np.flatnonzero(label == number))
        place[rows] = (np.arange(len(rows)) + rng.random(len(rows))) / len(rows)
    return torch.from_numpy(np.argsort(place, kind="stable"))


def divide(dataset: Dataset, sizes: SplitSizes, seed: int, device: torch.device | str = "cpu") -> dict[str, Split]:
    """Divide a data set into its four disjoint splits, shuffled by seed.

    The splits train, val and search_val come from the published training images. The test split comes from the
    published test images, or from the training images if the data set has no test images.

    Raises:
        InputError: the splits ask for more images than there are.
    """
    not_test = len(dataset.labels) - dataset.num_test_images
    order = balanced_order(dataset.labels[:not_test], seed)
    asked = {"val": sizes.val, "search_val": sizes.search_val}
    if dataset.num_test_images:
        test_order = not_test + balanced_order(dataset.labels[not_test:], seed)
        if sizes.test > len(test_order):
            raise InputError(
                f"images.test asks for {sizes.test} images, but {dataset.name} has {len(test_order)} test images: "
                "lower this number"
            )
    else:
        asked["test"] = sizes.test
    rows: dict[str, Tensor] = {}
    start = 0
    for name, count in asked.items():
        rows[name] = order[start : start + count]
        start += count
    left = not_test - start
    train = left if sizes.train is None else sizes.train
    if train > left or left <= 0:
        others = ", ".join(f"{count} for {name}" for name, count in asked.items())
        raise InputError(
            f"images.train asks for {sizes.train or 'the rest'}, but {dataset.name} has {max(left, 0)} "
            f"training images left after {others}: lower one of these numbers"
        )
    rows["train"] = order[start : start + train]
    if dataset.num_test_images:
        rows["test"] = test_order[: sizes.test]
    return {name: _rows(dataset, rows[name]).to(device) for name in SPLITS}


def content_hash(splits: Mapping[str, Split]) -> str:
    """Return the first 16 hexadecimal digits of the sha256 of every split's pixels, labels, ids and white, in order.

    Splits from :func:`divide` and equal splits that were made in another way have different hashes.
    """
    digests = "".join(f"{name} {splits[name].digest}\n" for name in SPLITS)
    return hashlib.sha256(digests.encode()).hexdigest()[:16]


def _faults(dataset: Dataset) -> Iterator[str]:
    """Yield what is wrong and the fix; each check assumes that the checks before it passed."""
    pixels, labels, white = dataset.pixels, dataset.labels, dataset.white
    if pixels.dtype != torch.uint8:
        yield f"pixels are {_type(pixels)}; give bytes, uint8, with white for 1.0"
    if pixels.ndim != 4 or not pixels.numel():
        yield f"pixels have shape {tuple(pixels.shape)}; give (N, C, H, W), with at least one image"
    if not 1 <= white <= _MOST:
        yield f"white is {white}; give the pixel value that becomes 1.0, from 1 to {_MOST}"
    # Bytes are never above 255, so for most data sets the pixels need not be checked.
    if white < _MOST and (most := int(pixels.max())) > white:
        yield f"a pixel is {most}, above white, which is {white}; set white to the value that becomes 1.0"
    if labels.dtype != torch.int64:
        yield f"labels are {_type(labels)}; give int64, for example labels.long()"
    if labels.shape != pixels.shape[:1]:
        yield f"labels have shape {tuple(labels.shape)} for {len(pixels)} images; give one label for each image"
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= dataset.num_classes:
        yield (
            f"a label is {low if low < 0 else high}, but with num_classes {dataset.num_classes} labels go from 0 to "
            f"{dataset.num_classes - 1}; set num_classes, or number the classes from 0"
        )
    if not 0 <= dataset.num_test_images < len(labels):
        yield (
            f"num_test_images is {dataset.num_test_images}, but there are {len(labels)} images; give the number of "
            "published test images, or 0"
        )
    if dataset.classes and len(set(dataset.classes)) != dataset.num_classes:
        yield (
            f"classes has {len(set(dataset.classes))} different names for {dataset.num_classes} classes; give one name "
            "for each class, or none"
        )
    unknown = [name for name in dataset.fidelity if name not in Fidelity.model_fields]
    if unknown:
        yield f"fidelity has no setting {unknown[0]!r}; it has {', '.join(Fidelity.model_fields)}"


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _rows(dataset: Dataset, rows: Tensor) -> Split:
    pixels, labels = (tensor.index_select(0, rows) for tensor in (dataset.pixels, dataset.labels))
    return _with_origin(Split(pixels, labels, rows, dataset.white), dataset.digest)


def _with_origin(split: Split, digest: str) -> Split:
    if digest:
        object.__setattr__(split, "_origin", (digest, _state(split.pixels, split.labels, split.ids)))
    return split


def _state(*tensors: Tensor) -> _State:
    """Return a value that changes each time a tensor is written into."""
    return tuple(0 if tensor.is_inference() else tensor._version for tensor in tensors)


def _sha256(*tensors: Tensor) -> str:
    """Return the hash of types, shapes and values, whatever the memory format and the device."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}\n".encode())
        for rows in torch.split(tensor, _HASHED_ROWS):
            digest.update(rows.contiguous().cpu().numpy().data)
    return digest.hexdigest()
