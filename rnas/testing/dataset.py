"""What holds for every data set."""

from abc import ABC, abstractmethod

import torch

from rnas.data.augmentation import AUGMENTATIONS, augment
from rnas.data.dataset import PARTS, Dataset, content_hash, divide
from rnas.training.fidelity import Fidelity


class DatasetConformance(ABC):
    """Inherit, say how the data set is loaded, and pytest finds the tests."""

    @abstractmethod
    def dataset(self) -> Dataset:
        """The data set under test."""

    def test_pixels_and_labels_are_as_stated(self) -> None:
        data = self.dataset()
        assert data.pixels.dtype == torch.uint8
        assert data.pixels.ndim == 4
        assert data.labels.dtype == torch.int64
        assert data.labels.shape == data.pixels.shape[:1]
        assert int(data.pixels.max()) <= data.white
        assert set(data.labels.tolist()) == set(range(data.num_classes))
        assert 0 <= data.held_out < len(data.labels)

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
        parts = divide(data, data.parts, 0)
        ids = torch.cat([parts[name].ids for name in PARTS])
        assert len(set(ids.tolist())) == len(ids)
        if data.held_out:
            assert int(parts["final"].ids.min()) >= len(data.labels) - data.held_out

    def test_loading_twice_gives_the_same(self) -> None:
        one, other = self.dataset(), self.dataset()
        assert content_hash(divide(one, one.parts, 0)) == content_hash(divide(other, other.parts, 0))
