from pathlib import Path

import pytest

from rnas.data.dataset import Dataset
from rnas.data.digits import load
from rnas.errors import InputError
from rnas.testing.dataset import DatasetConformance


class TestDigits(DatasetConformance):
    def dataset(self) -> Dataset:
        return load(None)


def test_a_folder_that_is_not_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="data digits have no files, but data_dir is"):
        load(tmp_path)


def test_they_are_the_published_scans() -> None:
    data = load(None)
    assert data.pixels.shape == (1797, 1, 8, 8)
    assert data.labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.note
