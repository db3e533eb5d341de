"""The words of a search's progress."""

from pathlib import Path

import pytest

from rnas.cli.views.search import SearchWords
from rnas.errors import InputError
from rnas.experiment import Work
from rnas.nas.config import SearchConfig
from rnas.nas.search import Search

TRAINED = {
    "space": {"name": "robust-resnet"},
    "evaluator": {"train": {"data": "digits", "recipe": {"name": "sat", "numerics": {"precision": "bfloat16"}}}},
    "device": "cuda",
}


def test_the_driver_of_a_cluster_needs_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    config = SearchConfig.parse({**TRAINED, "ray": {}}, "test")
    search = Search.draft(config, tmp_path / "run")
    assert SearchWords(search, Work("evaluation", 4, slots=8)).opening()[0].endswith(", 8 at once")
    with pytest.raises(InputError, match="ray: a cost estimate measures this host"):
        search.estimate()
