"""The conformance test of data sets finds what is wrong with one."""

from dataclasses import replace

import pytest
import torch

from rnas.data.dataset import Dataset
from rnas.data.digits import load
from rnas.data.splits import SplitSizes
from rnas.testing.dataset import DatasetConformance

DIGITS = load(None)
PUBLISHED = replace(DIGITS, num_test_images=300, splits=SplitSizes(search_val=50, test=50))


def with_image_again(data: Dataset) -> Dataset:
    """The last image has the pixels of the first."""
    return replace(data, pixels=torch.cat([data.pixels[:-1], data.pixels[:1]]))


def check(data: Dataset, finding: str, allowed: int = 0) -> None:
    class OfTheData(DatasetConformance):
        repeated = allowed

        def dataset(self) -> Dataset:
            return data

    getattr(OfTheData(), f"test_{finding}")()


@pytest.mark.parametrize(
    ("sound", "broken", "finding"),
    [
        (DIGITS, with_image_again(DIGITS), "no_test_image_is_among_the_others"),
        (PUBLISHED, with_image_again(PUBLISHED), "no_test_image_is_among_the_others"),
        (DIGITS, replace(DIGITS, name="Digits"), "its_name_is_the_registered_one"),
    ],
)
def test_a_fault_is_found(sound: Dataset, broken: Dataset, finding: str) -> None:
    check(sound, finding)
    with pytest.raises(AssertionError):
        check(broken, finding)


def test_as_many_images_may_be_there_twice_as_a_kit_allows() -> None:
    check(with_image_again(PUBLISHED), "no_test_image_is_among_the_others", allowed=1)
