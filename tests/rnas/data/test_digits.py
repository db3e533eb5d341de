from rnas.data.dataset import Dataset
from rnas.data.digits import load
from rnas.testing.dataset import DatasetConformance


class TestDigits(DatasetConformance):
    def dataset(self) -> Dataset:
        return load(None)


def test_they_are_the_published_scans() -> None:
    data = load(None)
    assert data.pixels.shape == (1797, 1, 8, 8)
    assert data.labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.note
