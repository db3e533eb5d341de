"""What holds for every data set."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch

from rnas import registry
from rnas.data.augmentation import AUGMENTATIONS, augment
from rnas.data.dataset import SPLITS, Dataset, content_hash, divide
from rnas.data.fidelity import Fidelity


class DatasetConformance(ABC):
    """Inherit, say how the data set is loaded, and pytest finds the tests.

    Attributes:
        registered: whether an entry point names it; False of one that is made for a test.
        repeated: how many images to test on have the pixels of another image too. A subclass that allows some says
            why the publishers' files have them.
    """

    registered: ClassVar[bool] = True
    repeated: ClassVar[int] = 0

    @abstractmethod
    def dataset(self) -> Dataset:
        """The data set under test."""

    def test_its_name_is_the_registered_one(self) -> None:
        """Under which a config and the ledger of a run ask for it."""
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

    def test_defaults_make_sense(self) -> None:
        data = self.dataset()
        assert 0 < data.epsilon < 1
        assert set(data.augmentation) <= set(AUGMENTATIONS)
        Fidelity(**data.fidelity)

    def test_default_augmentation_fits_the_images(self) -> None:
        data = self.dataset()
        augmented = augment(data.pixels[:8], data.augmentation, torch.Generator().manual_seed(0))
        assert augmented.shape == data.pixels[:8].shape
        assert int(augmented.max()) <= data.white

    def test_default_parts_are_disjoint_and_final_is_held_out(self) -> None:
        data = self.dataset()
        splits = divide(data, data.splits, 0)
        ids = torch.cat([splits[name].ids for name in SPLITS])
        assert len(set(ids.tolist())) == len(ids)
        if data.num_test_images:
            assert int(splits["test"].ids.min()) >= len(data.labels) - data.num_test_images

    def test_no_test_image_is_among_the_others(self) -> None:
        """Of the published test images none is published for training; without such, no image is there twice."""
        data = self.dataset()
        images = [bytes(image) for image in data.pixels.flatten(1).numpy()]
        split = len(images) - data.num_test_images
        others = set(images[:split])
        repeated = sum(image in others for image in images[split:]) if data.num_test_images else split - len(others)
        assert repeated <= self.repeated, f"{repeated} images to test on have the pixels of another"

    def test_loading_twice_gives_the_same(self) -> None:
        one, other = self.dataset(), self.dataset()
        assert content_hash(divide(one, one.splits, 0)) == content_hash(divide(other, other.splits, 0))
