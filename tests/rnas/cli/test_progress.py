"""What a search says while it runs: how far it is, and how its predictions come true."""

import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from rnas.cli.progress import ProgressView
from rnas.cli.views.search import SearchWords
from rnas.experiment import Listener, Work
from rnas.nas._dispatch import label
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.evaluator import Task
from rnas.nas.ledger import Ledger
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.utils._text import visible

CONFIG = {
    "space": "wide-resnet-depths",
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [
        {"metric": "score", "direction": "maximize"},
        {"metric": "flops", "direction": "minimize"},
    ],
    "strategy": {"name": "surrogate-nsga2", "initial": 6, "predictor": "radial-basis"},
    "budget": 30,
    "workers": 0,
}
PHRASE = re.compile(r"tau (-?[.\d]+) \(last (\d+)\)(?:, top fifth (-?[.\d]+))?, 90 % intervals hold (\d+) %")


def test_quality_is_shown_live_and_kept(command, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    result = command("search", tmp_path / "config.yaml", "--output", tmp_path / "run")
    assert result.code == 0, result.err
    assert not PHRASE.search(result.err.splitlines()[6])
    tau, recent, top, held = PHRASE.findall(result.err)[-1]
    last = json.loads(command("report", tmp_path / "run", "--json").out)["surrogate"][-1]
    assert (last["after"], last["predicted"], last["evaluations"]) == (30, 22, 20)
    assert (float(tau), int(recent)) == (round(last["tau"], 2), 20)
    assert float(top) == round(last["tau_top_fifth"], 2)
    assert int(held) == round(100 * last["coverage_90"])


def shown(run: SearchResult, before: int, now: int, shares: dict[int, float]) -> str:
    """What a terminal shows at last, of a run whose first evaluations ended before or now and others run."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120, color_system=None)
    ledger = Ledger.in_memory(run.setup.problem.objectives)
    for record in run.records:
        ledger.propose(replace(record, evaluation=None), run.setup.space.all_variables)
    for record in run.records[:before]:
        ledger.record(record.number, record.evaluation)
    search = Search.open(run.path)
    search._ledger = ledger
    with ProgressView(console) as view:
        view.started(search, Work("evaluation", 12, before, 4))
        for record in run.records[before : before + now]:
            view.recorded(ledger.record(record.number, record.evaluation))
        view.progress({label(ledger.records[number]): share for number, share in shares.items()})
    return [line for line in text.getvalue().splitlines() if re.search(r"\d+/12 ", line)][-1]


def test_on_a_terminal_what_is_finished_is_counted_and_the_first_time_left_is_rough(finished_run: SearchResult) -> None:
    starting = shown(finished_run, 0, 0, {0: 0, 1: 0})
    assert " 0/12" in starting
    assert "left" not in starting
    first = shown(finished_run, 0, 0, {0: 0.9, 1: 0.9, 2: 0.3})
    assert " 0/12" in first
    assert re.search(r" about \S+ \S+ left\s*$", first)
    resumed = shown(finished_run, 3, 0, {3: 0.9, 4: 0.9})
    assert " 3/12" in resumed
    assert "about" in resumed
    begun = shown(finished_run, 3, 1, {4: 0.9, 5: 0.9})
    assert " 4/12" in begun
    assert begun.rstrip().endswith(" left")
    assert "about" not in begun
    # The bar itself moves by what runs.
    assert resumed.count("━") > shown(finished_run, 3, 0, {}).count("━")


def test_long_work_gives_a_sign_of_life_where_output_is_a_file(finished_run: SearchResult) -> None:
    text = io.StringIO()
    search = Search.open(finished_run.path)
    with ProgressView(Console(file=text, width=200)) as view, search.reading() as storage:
        search._ledger = search._opened(storage)
        view.started(search, Work("evaluation", 20, 12, 4))
        before = text.getvalue()
        view.progress({"0 abc": 0, "1 def": 0})
        view.progress({"0 abc": 0, "1 def": 0})
        assert text.getvalue().removeprefix(before) == "12/20  abc starts, def starts\n"
        view._said = float("-inf")
        view.progress({f"{number} abc": 0.5 for number in range(9)})
    assert re.fullmatch(r"12/20  9 under way  about [.\d]+ s left", text.getvalue().splitlines()[-1])


def test_a_training_in_a_search_is_shown_by_its_epoch(tmp_path: Path) -> None:
    training = {
        "data": "digits",
        "images": {"train": 60, "search_val": 40, "test": 40},
        "fidelity": {"epochs": 3, "batch_size": 30, "attack_steps": 1},
        "rungs": [{"epochs": 1}],
        "evaluation": {"steps": 1},
    }
    config = {"space": "digits-bench", "evaluator": {"train": training}, "strategy": "random", "budget": 1}
    search = Search.create(SearchConfig.parse(config, "test"), tmp_path / "run")
    said: dict[str, None] = {}

    class Shown(Listener):
        def progress(self, shares: Mapping[str, float]) -> None:
            words = SearchWords(search, Work("evaluation", 1)).running(shares)
            said[words.partition(" ")[2]] = None

    search.run(Shown(), workers=0)
    assert list(said) == ["starts", "epoch 1 of 1", "attacked"]
    task = Task(search.result().records[0].architecture, 0)
    assert [search.setup.evaluator.stage(task, share) for share in (0, 0.3, 0.99)] == [
        "epoch 1 of 3",
        "epoch 2 of 3",
        "attacked",
    ]


@pytest.mark.parametrize(
    "name", ["x[/y]", "runs [draft]", os.fsdecode(b"a\xffb"), "a\x1b[2Jb", "\u202egnp", "-é日本 %s {}"]
)
def test_any_path_of_a_run_is_text(name: str, command, tmp_path: Path) -> None:
    config = {**CONFIG, "strategy": "random", "budget": 2}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    run = tmp_path / name
    for words in (
        ("search", tmp_path / "config.yaml", "--output", run),
        ("resume", run, "--budget", 3),
        ("report", run),
        ("report", run, "--json"),
        ("export", f"{run}:0", "--format", "safetensors", "-o", run / "x.safetensors"),
    ):
        result = command(*words)
        assert result.code == 0 or (words[0] == "export" and result.code == 2 and "has no member" in result.err), (
            result.err
        )
        assert "\x1b" not in result.out + result.err
        if words[0] == "report" and "--json" not in words:
            assert f"Report: {visible(str(run))}/report.html" in result.out


def test_a_reason_is_text(command, tmp_path: Path) -> None:
    config = {**CONFIG, "evaluator": {"call": "tests.rnas.cli.scores:hostile"}, "strategy": "random", "budget": 2}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    for words in (
        ("search", tmp_path / "config.yaml", "--output", tmp_path / "run"),
        ("resume", tmp_path / "run", "--budget", 3),
    ):
        result = command(*words)
        assert "Traceback" not in result.err
        assert r"ValueError: cannot open [/data/x] in layer [conv1] \udcff \x1b[2J" in result.err
    assert "cannot open [/data/x] in layer [conv1] " in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
