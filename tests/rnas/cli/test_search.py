"""What a search says of its beginning and of its end."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from rnas.cli.views.search import SearchWords, shortfall
from rnas.experiment import Work
from rnas.nas.config import SearchConfig
from rnas.nas.ledger import Ledger
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from tests.rnas.cli.conftest import Result

Command = Callable[..., Result]

# Four networks.
CONFIG = {
    "space": {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3], "depth2": [2, 3], "depth3": [2]}},
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [
        {"metric": "score", "direction": "maximize"},
        {"metric": "flops", "direction": "minimize"},
    ],
    "strategy": "random",
    "budget": 6,
    "workers": 0,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_an_exhausted_space_is_told_and_nothing_to_go_on_with(command: Command) -> None:
    ended = "ended with 4 of 6 evaluations: the space holds no more than these 4: narrow less, in a new search"
    result = command("search", "tiny.yaml", "--output", "tiny")
    assert result.code == 0, result.err
    assert result.err.splitlines()[-1] == ended
    again = command("resume", "tiny")
    assert "6 evaluations, 4 of them finished before, 1 at once" in again.err
    assert again.err.splitlines()[-1] == ended


@pytest.mark.usefixtures("folder")
def test_proposals_without_a_result_start_over(command: Command) -> None:
    command("search", "tiny.yaml", "--budget", 2, "--output", "tiny")
    search = Search.open("tiny")
    setup = search.setup
    with search.storage() as storage:
        ledger = Ledger(storage, setup.problem.objectives, "tiny", setup.config.fingerprint, new=False)
        ledger.propose(replace(ledger.records[0], number=2, evaluation=None), setup.space.all_variables)
    result = command("resume", "tiny", "--budget", 3)
    assert "3 evaluations, 2 of them finished before, 1 interrupted before and run again, 1 at once" in result.err


@pytest.mark.usefixtures("folder")
def test_batches_are_told_where_no_bar_moves(command: Command) -> None:
    result = command("search", "tiny.yaml", "--set", "batch_size=2", "--budget", 4)
    told = [line for line in result.err.splitlines() if line.startswith("batch ")]
    assert told == ["batch 1 is proposed from 0 results", "batch 2 is proposed from 0 results"]


@pytest.mark.usefixtures("folder")
def test_a_path_with_marks_of_urls_is_a_directory_like_any_other(command: Command) -> None:
    path = "q/what?now/r"
    assert command("search", "tiny.yaml", "--budget", 2, "--output", path).code == 0
    assert command("resume", path, "--budget", 3).code == 0
    assert command("report", path).code == 0
    assert len(Search.open(path).result().records) == 3
    assert sorted(str(found) for found in Path("q").iterdir()) == ["q/what?now"]
    assert (Path(path) / "report.html").is_file()


@pytest.mark.usefixtures("folder")
def test_a_search_without_any_result_says_so_once(command: Command) -> None:
    result = command("search", "tiny.yaml", "--set", "evaluator.call=tests.rnas.cli.scores:nothing", "--budget", 2)
    assert result.code == 1
    said = [line for line in result.err.splitlines() if "evaluation" in line]
    assert [line for line in said if "gave a result; the first: ValueError: no score" in line] == said[-1:]


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        ({"flops": "1M:"}, " inside its bands: widen space.flops, or narrow less, in a new search"),
        (
            {"flops": "1M:", "params": "1:"},
            " inside its bands: widen space.flops and space.params, or narrow less, in a new search",
        ),
        ({"params": "1:", "narrow": {}}, " inside its bands: widen space.params, in a new search"),
        ({"narrow": {}}, ""),
    ],
)
def test_what_bounds_an_exhausted_space_is_named(finished_run: SearchResult, bands: dict[str, Any], words: str) -> None:
    setup = finished_run.setup
    settings = type(setup.space.settings).model_validate({**setup.space.settings.model_dump(), **bands})
    space = type(setup.space)(settings, setup.space.input_shape, setup.space.num_classes)
    longer = replace(setup, space=space, config=setup.config.model_copy(update={"budget": 13}))
    line = shortfall(SearchResult(longer, finished_run.records), Path(), False)
    assert line == f"ended with 12 of 13 evaluations: the space holds no more than these 12{words}"


def test_the_time_was_up_where_it_was(finished_run: SearchResult) -> None:
    config = finished_run.setup.config
    timed = replace(finished_run.setup, config=config.model_copy(update={"budget": 20, "hours": 0.5}))
    path = Path("my run")
    assert shortfall(finished_run, path, True) is None
    line = shortfall(SearchResult(timed, finished_run.records), path, True)
    up = "ended with {} of 20 evaluations: the time was up; resume it with: rnas resume 'my run'"
    assert line == up.format(12)
    line = shortfall(SearchResult(timed, finished_run.records), path, False)
    assert line is not None
    assert "the space holds no more than these 12" in line
    waiting = [*finished_run.records[:-1], replace(finished_run.records[-1], evaluation=None)]
    assert shortfall(SearchResult(timed, waiting), path, False) == up.format(11)


def test_a_slow_precision_is_said_at_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    recipe = {"name": "fgsm-rs", "numerics": {"precision": "bfloat16"}}
    training = {"data": "digits", "recipe": recipe, "fidelity": {"epochs": 1, "batch_size": 32}}
    config = SearchConfig.parse({**CONFIG, "evaluator": {"train": training}, "objectives": [], "device": "cpu"}, "test")
    search = Search.create(config, tmp_path / "run")
    lines = SearchWords(search, Work("evaluation", 6)).opening()
    assert [line for line in lines if "no instructions for bfloat16" in line]
