"""Test data sets for conformance: inherit the class in a test module and load the data set."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch

from rnas import registry
from rnas.data.augmentation import NAMES, augment
from rnas.data.dataset import SPLITS, Dataset, content_hash, divide
from rnas.data.fidelity import Fidelity


class DatasetConformance(ABC):
    """Test what every data set must do. A subclass overrides :meth:`dataset`.

    Attributes:
        registered: whether an entry point names it; False for a data set that is made for a test.
        repeated: number of test images that may have the pixels of another image. A subclass that allows some states
            why the publishers' files have them.
    """

    registered: ClassVar[bool] = True
    repeated: ClassVar[int] = 0

    @abstractmethod
    def dataset(self) -> Dataset:
        """Return the data set under test."""

    def test_its_name_is_the_registered_one(self) -> None:
        """Test that its name is the one by which a config and a ledger refer to it."""
        if self.registered:
            assert self.dataset().name in registry.names(registry.DATASETS)

    def test_pixels_and_labels_are_as_stated(self) -> None:
        data = self.dataset()
        assert data.pixels.dtype == torch.uint8
        assert data.pixels.ndim == 4
        assert data.labels.dtype == torch.int64
        assert data.labels.shape == data.pixels.shape[:1]
        assert int(data.pixels.max()) <= data.white
        assert set(data.labels.tolist()) == set(range(data.num_classes))
        assert 0 <= data.num_test_images < len(data.labels)
        assert len(data.classes) in (0, data.num_classes)

    def test_defaults_make_sense(self) -> None:
        data = self.dataset()
        assert 0 < data.epsilon < 1
        assert set(data.augmentation) <= set(NAMES)
        Fidelity(**data.fidelity)

    def test_default_augmentation_fits_the_images(self) -> None:
        data = self.dataset()
        augmented = augment(data.pixels[:8], data.augmentation, torch.Generator().manual_seed(0), data.white)
        assert augmented.shape == data.pixels[:8].shape
        assert int(augmented.max()) <= data.white

    def test_default_splits_are_disjoint_and_test_is_separate(self) -> None:
        data = self.dataset()
        splits = divide(data, data.splits, 0)
        ids = torch.cat([splits[name].ids for name in SPLITS])
        assert len(set(ids.tolist())) == len(ids)
        if data.num_test_images:
            assert int(splits["test"].ids.min()) >= len(data.labels) - data.num_test_images

    def test_no_test_image_is_among_the_others(self) -> None:
        """Test that no published test image is a training image; without test images, that no image occurs twice."""
        data = self.dataset()
        images = [bytes(image) for image in data.pixels.flatten(1).numpy()]
        split = len(images) - data.num_test_images
        others = set(images[:split])
        repeated = sum(image in others for image in images[split:]) if data.num_test_images else split - len(others)
        assert repeated <= self.repeated, f"{repeated} test images have the pixels of another image"

    def test_loading_twice_gives_the_same(self) -> None:
        one, other = self.dataset(), self.dataset()
        assert content_hash(divide(one, one.splits, 0)) == content_hash(divide(other, other.splits, 0))
