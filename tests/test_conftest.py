"""Which tests may use a GPU."""

import os

import pytest
import torch

from tests.conftest import asks_for_gpu


@pytest.mark.parametrize(
    ("markers", "asks"),
    [("", False), ("not slow", False), ("not gpu", False), ("gpu", True), ("gpu and not slow", True)],
)
def test_a_gpu_is_seen_only_if_it_is_asked_for(markers: str, asks: bool) -> None:
    assert asks_for_gpu(markers) is asks


def test_this_test_and_its_processes_see_no_gpu() -> None:
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert not torch.cuda.is_available()


@pytest.mark.gpu
def test_this_one_sees_a_gpu() -> None:
    assert torch.cuda.is_available()
