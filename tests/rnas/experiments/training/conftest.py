from pathlib import Path

import pytest

from rnas.experiments.training.result import TrainingResult
from tests.rnas.data.cifar_files import write_cifar10
from tests.rnas.experiments.training.trainings import trained


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """Three epochs of standard adversarial training; not to be written to."""
    return trained(tmp_path_factory.mktemp("trainings") / "finished")


@pytest.fixture(scope="session")
def cifar10_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise in CIFAR-10's files: 11,000 training and 150 test images."""
    folder = tmp_path_factory.mktemp("cifar10")
    write_cifar10(folder, 2_200, 150)
    return folder
