"""Studies of rungs whose search names code of its own."""

import sys
from pathlib import Path
from typing import Any

import pytest

import rnas
from rnas.nas.config import FidelitySettings, SearchConfig
from rnas.nas.fidelity_study import FidelityStudy
from rnas.nas.search import Search

_CODE = """
from pathlib import Path

from rnas.nas.evaluators.call import Call
from rnas.nas.evaluators.evaluator import Rung
from rnas.nas.strategies.random import RandomSearch
from search_spaces.wide_resnet import DepthGrid

Path("imported").touch()


class Space(DepthGrid):
    name = "own"


class Strategy(RandomSearch):
    pass


def score(task, context):
    depths = task.architecture.depths
    return {"score": float(sum(depths)) + task.fidelity["epochs"] * depths[0] * task.seed}


class Evaluator(Call):
    rungs = (Rung({"epochs": 1}, 0.5), Rung({"epochs": 2}))

    def __init__(self, settings, space):
        super().__init__(settings, space)
"""

_SEARCH: dict[str, Any] = {
    "space": {"name": "own_code:Space", "narrow": {"depth1": [2, 3]}},
    "evaluator": {"class": "own_code:Evaluator", "settings": {"call": "own_code:score"}},
    "objectives": [{"metric": "score", "direction": "maximize"}],
    "strategy": "own_code:Strategy",
    "workers": 0,
}


@pytest.mark.parametrize("space", [_SEARCH["space"], {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3]}}])
def test_reading_a_study_imports_no_code_that_its_search_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, space: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_code.py").write_text(_CODE)
    sys.modules.pop("own_code", None)
    search = Search.create(SearchConfig.parse({**_SEARCH, "space": space, "budget": 1}, "test"), tmp_path / "run")
    search.run()
    assert "none of 2 evaluations is at the highest rung: resume with a larger budget" in caplog.text
    settings = FidelitySettings(search=search.path, architectures=10, bands=1)
    result = FidelityStudy.create(settings, tmp_path / "study").run()
    longer = rnas.resume(tmp_path / "study", seeds=3)
    assert (result.seeds, longer.seeds, longer.failures) == (2, 3, 0)
    sys.modules.pop("own_code")
    (tmp_path / "imported").unlink()
    assert FidelityStudy.open(tmp_path / "study").result() == longer
    assert not (tmp_path / "imported").exists()
