import pickle
from pathlib import Path

import numpy as np
import pytest

from rnas.data.cifar10 import FOLDER
from rnas.training_run.run import TrainingRun
from tests.rnas.training_run.trainings import trained


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """Three epochs of standard adversarial training; not to be written to."""
    return trained(tmp_path_factory.mktemp("trainings") / "finished")


@pytest.fixture(scope="session")
def cifar10_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise in CIFAR-10's files: 11,000 training and 150 test images."""
    folder = tmp_path_factory.mktemp("cifar10")
    (folder / FOLDER).mkdir()
    rng = np.random.default_rng(0)
    for name, images in [*((f"data_batch_{number}", 2_200) for number in range(1, 6)), ("test_batch", 150)]:
        pixels = rng.integers(0, 256, (images, 3072), dtype=np.uint8)
        content = {"data": pixels, "labels": [number % 10 for number in range(images)]}
        (folder / FOLDER / name).write_bytes(pickle.dumps(content, protocol=2))
    return folder
