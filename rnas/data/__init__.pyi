from .augmentation import AUGMENTATIONS as AUGMENTATIONS
from .dataset import (
    SPLITS as SPLITS,
    Dataset as Dataset,
    Split as Split,
    content_hash as content_hash,
    divide as divide,
)
from .fidelity import (
    Fidelity as Fidelity,
    LowerRung as LowerRung,
)
from .images import read_images as read_images
from .loading import load_dataset as load_dataset
from .published import (
    PublishedFile as PublishedFile,
    find_folder as find_folder,
    require_count as require_count,
    require_files as require_files,
    verify as verify,
)
from .restricted_pickle import read_arrays as read_arrays
from .splits import SplitSizes as SplitSizes
