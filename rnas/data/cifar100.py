"""Load CIFAR-100 (Krizhevsky, 2009), its 100 fine classes, from the files of its python version."""

from pathlib import Path

import numpy as np
import torch

from rnas.data._cifar_batch import read_batch
from rnas.data._defaults import EPSILON, FIDELITY
from rnas.data.dataset import Dataset
from rnas.data.published import PublishedFile, find_folder, require_count, require_files, verify
from rnas.data.splits import SplitSizes

FOLDER = "cifar-100-python"
FILES = (
    PublishedFile("train", 50_000, "16019d7e3df5f24257cddd939b257f8d"),
    PublishedFile("test", 10_000, "f0ef6b0ae62326f3e7ffdfab6717acfc"),
)
_WORDS = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm
"""
CLASSES = tuple(_WORDS.split())
"""Names of the fine classes by label."""

_ARCHIVE = "cifar-100-python.tar.gz"


def load(folder: Path | None) -> Dataset:
    """Load the 50,000 training and 10,000 test images.

    By default they are cropped and flipped, as the papers on robust architectures say. Some of the released code also
    rotates the images of CIFAR-100 by up to 20 degrees; add ``rotate`` to the augmentation to do the same.

    Args:
        folder: the folder that contains ``cifar-100-python``, or that folder itself.

    Raises:
        InputError: no folder is given, a file is missing, or a file has the wrong content.
    """
    place = find_folder("cifar100", folder, FOLDER)
    fix = (
        f"download {_ARCHIVE} from the CIFAR page of the University of Toronto, unpack it, and give the folder that "
        f"contains {FOLDER} as data_dir"
    )
    require_files(place, [file.name for file in FILES], fix)
    pixels, labels = zip(*(read_batch(place / file.name, "fine_labels", 100) for file in FILES), strict=True)
    for file, batch in zip(FILES, labels, strict=True):
        require_count(place / file.name, len(batch), file.images)
    return Dataset(
        name="cifar100",
        pixels=torch.from_numpy(np.concatenate(pixels)),
        labels=torch.from_numpy(np.concatenate(labels)),
        white=255,
        num_classes=100,
        num_test_images=len(labels[-1]),
        splits=SplitSizes(search_val=2_000, test=2_000),
        epsilon=EPSILON,
        fidelity=FIDELITY,
        augmentation=("crop", "flip"),
        verified=verify(place, FILES),
        classes=CLASSES,
    )
