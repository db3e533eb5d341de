from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rnas.experiments.reproduction._check import circumstances
from rnas.utils import provenance
from rnas.utils.provenance import libraries, processor, versions
from tests.other_packages import installed


@pytest.fixture(autouse=True)
def told_anew() -> Iterator[None]:
    processor.cache_clear()
    yield
    processor.cache_clear()


def test_packages_that_register_plugins_are_recorded(tmp_path: Path) -> None:
    attacks = {"rnas.attacks": {"mine": "mine:MINE"}}
    with (
        installed(tmp_path / "second", "my-attacks", "0.9", attacks, {}),
        installed(tmp_path / "first", "my-attacks", "1.2", attacks, {}),
        installed(tmp_path / "other", "my-commands", "1.0", {"console_scripts": {"mine": "mine:main"}}, {}),
    ):
        assert versions() == {**libraries(), "my-attacks": "1.2"}
    assert versions() == libraries()


def test_without_such_packages_the_record_is_of_the_libraries_alone() -> None:
    assert versions() == libraries()
    assert list(versions())[:3] == ["python", "rnas", "torch"]


def test_a_package_that_came_later_changes_no_circumstance(tmp_path: Path) -> None:
    without = {"versions": versions()}
    with installed(tmp_path, "my-attacks", "1.2", {"rnas.attacks": {"mine": "mine:MINE"}}, {}):
        assert circumstances(without, "cpu")[0].same is True
        before = {"versions": versions()}
    gone = circumstances(before, "cpu")[0]
    assert (gone.same, gone.recorded, gone.found) == (False, "my-attacks 1.2", "my-attacks none")


def test_a_processor_is_its_model_and_what_torch_uses_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(
        "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nprocessor\t: 1\nmodel name\t: Some CPU @ 2.00GHz\n"
    )
    monkeypatch.setattr(provenance, "_PROCESSORS", told)
    assert processor("cpu") == f"Some CPU @ 2.00GHz, {torch.backends.cpu.get_cpu_capability()}"


def test_of_a_gpu_the_versions_of_its_libraries_and_its_driver_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "version"
    told.write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs)  Sun Jul 27 2025\n"
        "GCC version:  gcc version 12.3.0\n"
    )
    monkeypatch.setattr(provenance, "_DRIVER", told)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "Some GPU")
    monkeypatch.setattr("torch.version.cuda", "13.0")
    monkeypatch.setattr("torch.backends.cudnn.version", lambda: 91300)
    assert processor("cuda") == "Some GPU, CUDA 13.0, cuDNN 91300, driver 580.65.06"


def test_it_is_empty_where_the_system_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "_PROCESSORS", tmp_path / "nothing")
    monkeypatch.setattr("platform.processor", lambda: "")
    assert processor("cpu") == ""
