import shutil
from pathlib import Path

import pytest

import rnas
from tests.rnas.experiments.reproduction.records import CONFIG
from tests.rnas.experiments.training.trainings import trained


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a search that nobody writes to."""
    return rnas.search(CONFIG, output=tmp_path_factory.mktemp("searched") / "run").path


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(searched, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a training that nobody writes to."""
    return trained(tmp_path_factory.mktemp("ended") / "training").path


@pytest.fixture
def training(ended: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(ended, tmp_path / "training")
    return tmp_path / "training"
