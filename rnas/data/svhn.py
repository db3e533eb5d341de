"""Load Street View House Numbers (Netzer et al., 2011), the cropped digits, from the authors' MATLAB files."""

from pathlib import Path

import numpy as np
import torch
from scipy.io import loadmat

from rnas.data._defaults import EPSILON, FIDELITY
from rnas.data.dataset import Dataset
from rnas.data.published import PublishedFile, find_folder, require_count, require_files, verify
from rnas.data.splits import SplitSizes
from rnas.errors import InputError

FOLDER = "svhn"
FILES = (
    PublishedFile("train_32x32.mat", 73_257, "e26dedcc434d2e4c54c9b2d4a06d8373"),
    PublishedFile("test_32x32.mat", 26_032, "eb5a983be6a315427106f1b164d9cef3"),
)
# These keys are added by loadmat.
_HEADER = {"__header__", "__version__", "__globals__"}


def load(folder: Path | None) -> Dataset:
    """Load the 73,257 training and 26,032 test images; the easier images of ``extra_32x32.mat`` are not read.

    A mirrored digit is not a digit, so by default the images are cropped and not flipped.

    Args:
        folder: the folder with ``train_32x32.mat`` and ``test_32x32.mat``, or one with a subfolder ``svhn`` of them.

    Raises:
        InputError: no folder is given, a file is missing, or a file has the wrong content.
    """
    place = find_folder("svhn", folder, FOLDER, holds=FILES[0].name)
    fix = (
        "download train_32x32.mat and test_32x32.mat (format 2, cropped digits) from the SVHN page of Stanford "
        "University, and give their folder as data_dir"
    )
    require_files(place, [file.name for file in FILES], fix)
    pixels, labels = zip(*(_read(place / file.name) for file in FILES), strict=True)
    for file, part in zip(FILES, labels, strict=True):
        require_count(place / file.name, len(part), file.images)
    return Dataset(
        name="svhn",
        pixels=torch.from_numpy(np.concatenate(pixels)),
        labels=torch.from_numpy(np.concatenate(labels)),
        white=255,
        num_classes=10,
        num_test_images=len(labels[-1]),
        splits=SplitSizes(search_val=2_000, test=2_000),
        epsilon=EPSILON,
        fidelity=FIDELITY,
        augmentation=("crop",),
        verified=verify(place, FILES),
        classes=tuple("0123456789"),
    )


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (n, 3, 32, 32) uint8 and labels (n,) int64 of one file."""
    try:
        content = loadmat(path, appendmat=False)
    except Exception as error:  # A damaged file raises almost anything.
        raise InputError(
            f"{path}: not a readable MATLAB file ({' '.join(str(error).split())}); download it again"
        ) from None
    pixels, labels = content.get("X"), content.get("y")
    if (
        set(content) - _HEADER != {"X", "y"}
        or not isinstance(pixels, np.ndarray)
        or not isinstance(labels, np.ndarray)
        or pixels.dtype != np.uint8
        or pixels.ndim != 4
        or pixels.shape[:3] != (32, 32, 3)
        or labels.dtype.kind not in "iu"
        or labels.shape != (pixels.shape[3], 1)
        or not ((labels >= 1) & (labels <= 10)).all()
    ):
        raise InputError(f"{path}: not a file of SVHN's cropped digits (X: 32 x 32 x 3 x n bytes; y: n labels 1 to 10)")
    # MATLAB's first index varies fastest. The digit 0 has the label 10.
    return np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), labels[:, 0].astype(np.int64) % 10
