"""Load the optical recognition of handwritten digits, which scikit-learn contains: real scans without a download.

There are 1,797 grey images of 8x8 pixels (Alpaydin and Kaynak, UCI, 1998). They are the default data set. They are
enough to test the machinery of a search, and no evidence for images of 32x32 pixels and above.
"""

from fractions import Fraction
from pathlib import Path

import torch
from sklearn.datasets import load_digits

from rnas.data.dataset import Dataset
from rnas.data.splits import SplitSizes
from rnas.errors import InputError

NOTE = (
    "Digits are 8x8 grey scans: they test the machinery of a search and are no evidence about RobustScaling "
    "or about networks for natural images."
)


def load(folder: Path | None) -> Dataset:
    """Load the digits; raise InputError if a folder is given, as there is nothing to read in it."""
    if folder is not None:
        raise InputError(f"data digits have no files, but data_dir is {folder}; leave it out, or name other data")
    bunch = load_digits()
    return Dataset(
        name="digits",
        pixels=torch.from_numpy(bunch.images).to(torch.uint8).unsqueeze(1),
        labels=torch.from_numpy(bunch.target).long(),
        white=16,
        num_classes=10,
        num_test_images=0,
        splits=SplitSizes(search_val=450, test=450),
        epsilon=Fraction(3, 20),
        fidelity={"epochs": 8, "batch_size": 64, "attack_steps": 3, "attack_step": Fraction(1, 2)},
        note=NOTE,
        classes=tuple("0123456789"),
    )
