"""Load CIFAR-10 (Krizhevsky, 2009) from the files of its python version."""

from pathlib import Path

import numpy as np
import torch

from rnas.data._cifar_batch import read_batch
from rnas.data._defaults import EPSILON, FIDELITY
from rnas.data.dataset import Dataset
from rnas.data.published import PublishedFile, find_folder, require_files, verify
from rnas.data.restricted_pickle import read_arrays
from rnas.data.splits import SplitSizes
from rnas.errors import InputError

FOLDER = "cifar-10-batches-py"
FILES = (
    PublishedFile("data_batch_1", 10_000, "c99cafc152244af753f735de768cd75f"),
    PublishedFile("data_batch_2", 10_000, "d4bba439e000b95fd0a9bffe97cbabec"),
    PublishedFile("data_batch_3", 10_000, "54ebc095f3ab1f0389bbae665268c751"),
    PublishedFile("data_batch_4", 10_000, "634d18415352ddfa80567beed471001a"),
    PublishedFile("data_batch_5", 10_000, "482c414d41f54cd18b22e5b47cb7c3cb"),
    PublishedFile("test_batch", 10_000, "40351d587109b95175f43aff81a1287e"),
)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""Names of the classes by label."""

_META = "batches.meta"
_ARCHIVE = "cifar-10-python.tar.gz"


def load(folder: Path | None) -> Dataset:
    """Load the 50,000 training and 10,000 test images.

    A copy may be smaller if its ``batches.meta`` states another number of images per batch, or if it has no such file.
    The note then states how many images there are.

    Args:
        folder: the folder that contains ``cifar-10-batches-py``, or that folder itself.

    Raises:
        InputError: no folder is given, a file is missing, or a file has the wrong content.
    """
    batches = find_folder("cifar10", folder, FOLDER)
    fix = (
        f"download {_ARCHIVE} from the CIFAR-10 page of the University of Toronto, unpack it, and give the folder "
        f"that contains {FOLDER} as data_dir"
    )
    require_files(batches, [file.name for file in FILES], fix)
    pixels, labels = zip(*(read_batch(batches / file.name, "labels", 10) for file in FILES), strict=True)
    stated = _stated_count(batches / _META)
    for file, batch in zip(FILES, labels, strict=True):
        if stated is not None and len(batch) != stated:
            raise InputError(
                f"{batches / file.name}: contains {len(batch):,} images, but {_META} says {stated:,}; download it again"
            )
    num_test_images = len(labels[-1])
    training = sum(map(len, labels)) - num_test_images
    return Dataset(
        name="cifar10",
        pixels=torch.from_numpy(np.concatenate(pixels)),
        labels=torch.from_numpy(np.concatenate(labels)),
        white=255,
        num_classes=10,
        num_test_images=num_test_images,
        splits=SplitSizes(search_val=2_000, test=2_000),
        epsilon=EPSILON,
        fidelity=FIDELITY,
        augmentation=("crop", "flip"),
        note=_note(training, num_test_images),
        verified=verify(batches, FILES),
        classes=CLASSES,
    )


def _stated_count(path: Path) -> int | None:
    """Return how many images each batch has according to the published description; None without one."""
    if not path.is_file():
        return None
    content = read_arrays(path)
    count = content.get("num_cases_per_batch") if isinstance(content, dict) else None
    if not isinstance(count, int):
        raise InputError(f"{path}: does not state num_cases_per_batch; download {_ARCHIVE} again")
    return count


def _note(training: int, test: int) -> str:
    *published_training, published_test = (file.images for file in FILES)
    if (training, test) == (sum(published_training), published_test):
        return ""
    return (
        f"This cifar10 has {training:,} training and {test:,} test images, not the published "
        f"{sum(published_training):,} and {published_test:,}."
    )
