"""The dashboard shows a ledger as it is, and changes nothing."""

import json
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rnas.cli.dashboard import ReadOnlyDashboard
from rnas.errors import InputError
from rnas.experiment import open_experiment, resume
from rnas.nas.config import SearchConfig
from rnas.nas.search import Search
from tests.rnas import experiments_small

CONFIG = {
    "space": "digits-bench",
    "evaluator": {"digits-bench": {}},
    "objectives": [{"metric": "robust_accuracy", "direction": "maximize"}],
    "strategy": "random",
    "budget": 3,
}


def answer(app: ReadOnlyDashboard, method: str, path: str) -> tuple[str, Any]:
    """Status and JSON of an answer."""
    from wsgiref.util import setup_testing_defaults

    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path}
    setup_testing_defaults(environ)
    statuses: list[str] = []
    body = b"".join(app(environ, lambda status, *_: statuses.append(status)))
    return statuses[0][:3], json.loads(body)


@pytest.mark.filterwarnings("default")
def test_it_follows_the_ledger_and_refuses_changes(tmp_path: Path) -> None:
    pytest.importorskip("optuna_dashboard")
    search = Search.create(SearchConfig.parse(CONFIG, "test"), tmp_path / "run")
    search.run()
    before = search.database.read_bytes()
    with ReadOnlyDashboard(open_experiment(search.path)) as app:
        [study] = answer(app, "GET", "/api/studies")[1]["study_summaries"]
        place = f"/api/studies/{study['study_id']}"
        assert study["study_name"] == "run"
        assert len(answer(app, "GET", place)[1]["trials"]) == 3
        for method in ("DELETE", "POST", "PUT"):
            assert answer(app, method, place)[0] == "405"
        assert search.database.read_bytes() == before
        resume(search.path, budget=5)
        app._copied = float("-inf")
        assert len(answer(app, "GET", place)[1]["trials"]) == 5


@pytest.mark.filterwarnings("default")
def test_a_ledger_that_is_gone_is_one_line_until_it_is_back(tmp_path: Path) -> None:
    pytest.importorskip("optuna_dashboard")
    search = Search.create(SearchConfig.parse(CONFIG, "test"), tmp_path / "run")
    with ReadOnlyDashboard(open_experiment(search.path)) as app:
        app._copied = float("-inf")
        moved = search.path.rename(tmp_path / "moved")
        status, content = answer(app, "GET", "/api/studies")
        assert status == "503"
        assert re.fullmatch(rf"{re.escape(str(search.database))} is gone: .+", content["reason"])
        moved.rename(search.path)
        assert answer(app, "GET", "/api/studies")[0] == "200"


@pytest.mark.parametrize("host", ["\udcff", "a..b", "a" * 300, "no host\n[red]"])
def test_a_host_that_cannot_be_served_is_one_line(tmp_path: Path, command: Callable[..., Any], host: str) -> None:
    pytest.importorskip("optuna_dashboard")
    search = Search.create(SearchConfig.parse(CONFIG, "test"), tmp_path / "run")
    result = command("dashboard", search.path, "--host", host, "--port", 0)
    assert (result.code, result.err.count("\n")) == (2, 1), result.err
    assert result.err.startswith("rnas: --port 0: cannot serve at '")


def test_what_is_missing_is_one_line(tmp_path: Path, command, monkeypatch: pytest.MonkeyPatch) -> None:
    training = experiments_small.training(tmp_path / "training")
    if find_spec("optuna_dashboard"):
        with pytest.raises(InputError, match="is a training, which has no ledger; its report shows it"):
            ReadOnlyDashboard(training)
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    result = command("dashboard", training.path)
    assert (result.code, result.err) == (
        2,
        "rnas: optuna_dashboard is not installed: pip install 'rnas[dashboard]'\n",
    )
