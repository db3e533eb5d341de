from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rnas import provenance
from rnas.provenance import processor


@pytest.fixture(autouse=True)
def told_anew() -> Iterator[None]:
    processor.cache_clear()
    yield
    processor.cache_clear()


def test_a_processor_is_its_model_and_what_torch_uses_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(
        "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nprocessor\t: 1\nmodel name\t: Some CPU @ 2.00GHz\n"
    )
    monkeypatch.setattr(provenance, "_PROCESSORS", told)
    assert processor("cpu") == f"Some CPU @ 2.00GHz, {torch.backends.cpu.get_cpu_capability()}"


def test_it_is_empty_where_the_system_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "_PROCESSORS", tmp_path / "nothing")
    monkeypatch.setattr("platform.processor", lambda: "")
    assert processor("cpu") == ""
