import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import rnas
from rnas import resume
from rnas.errors import ChangedInputError, InputError, LedgerError
from rnas.experiment import Listener
from rnas.experiments._references import resolve_reference
from rnas.nas.config import SearchConfig
from rnas.nas.search import Search
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from tests.rnas.experiments.reproduction.records import change

TINY: dict[str, Any] = {
    "space": {
        "name": "wide-resnet-depths",
        "narrow": {"depth1": [2], "depth2": [2, 3], "depth3": [2, 3]},
    },
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [{"metric": "score", "direction": "maximize"}, {"metric": "flops", "direction": "minimize"}],
    "strategy": "random",
    "workers": 0,
}


def test_a_search_in_ten_lines(tmp_path: Path) -> None:
    run = rnas.search(TINY, budget=3, output=tmp_path / "run")
    assert len(run.records) == 3
    best = max(run.front(), key=lambda record: record.metrics["score"])
    assert isinstance(best.architecture, ResidualNetwork)
    again = rnas.Search.open(tmp_path / "run").result()
    assert again.records == run.records
    longer = rnas.resume(tmp_path / "run", budget=4)
    assert [record.key for record in longer.records[:3]] == [record.key for record in run.records]
    assert rnas.Search.open(tmp_path / "run").result().setup.config.budget == 4


def test_the_front_holds_what_nothing_beats(tmp_path: Path) -> None:
    run = rnas.search(TINY, budget=4, output=tmp_path / "run")
    keys = {record.key for record in run.front()}
    for record in run.records:
        beaten = any(
            other.metrics["score"] >= record.metrics["score"]
            and other.metrics["flops"] <= record.metrics["flops"]
            and (other.metrics["score"], other.metrics["flops"]) != (record.metrics["score"], record.metrics["flops"])
            for other in run.records
        )
        assert (record.key in keys) is not beaten
    assert np.all(np.diff(run.hypervolume()) >= 0)


def test_a_config_object_and_a_file_are_accepted(tmp_path: Path) -> None:
    first = rnas.search(SearchConfig.parse(TINY, "test"), budget=2, output=tmp_path / "one")
    (tmp_path / "copy.yaml").write_text((tmp_path / "one" / "config.yaml").read_text())
    second = rnas.search(tmp_path / "copy.yaml", output=tmp_path / "two")
    assert [record.key for record in second.records] == [record.key for record in first.records]


def test_a_time_that_is_up_leaves_a_run_to_resume(tmp_path: Path) -> None:
    slow = {**TINY, "evaluator": {"call": "tests.rnas.cli.scores:slow"}}
    run = rnas.search(slow, budget=4, hours=1e-9, output=tmp_path / "run")
    # A coarse clock may let one evaluation start.
    assert sum(record.evaluation is not None for record in run.records) <= 1
    assert (tmp_path / "run" / "report.html").exists()


def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="cuda is not available here; use device: cpu"):
        rnas.search(TINY, budget=2, device="cuda", output=tmp_path / "run")


def test_names_that_are_not_there_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match=r"attribute '?serach"):
        rnas.serach  # noqa: B018


def test_what_is_for_this_time_only_is_not_kept(tmp_path: Path) -> None:
    rnas.search(TINY, budget=3, output=tmp_path / "run")
    rnas.resume(tmp_path / "run", budget=4, workers=1)
    config = rnas.Search.open(tmp_path / "run").result().setup.config
    assert (config.budget, config.workers) == (4, 0)
    rnas.resume(tmp_path / "run", budget=4)
    assert rnas.Search.open(tmp_path / "run").result().setup.config.budget == 4


def test_architectures_that_left_the_front_are_not_kept(tmp_path: Path) -> None:
    rnas.search(TINY, budget=1, output=tmp_path / "run")
    run = rnas.resume(tmp_path / "run", budget=4)
    kept = {path.stem for path in (tmp_path / "run" / "architectures").iterdir()}
    assert kept == {record.key for record in run.front()}


def test_reading_makes_nothing(tmp_path: Path) -> None:
    search = Search.create(SearchConfig.parse({**TINY, "budget": 2}, "test"), tmp_path / "run")
    before = [(path.name, path.stat().st_mtime_ns) for path in (search.path, *search.path.iterdir())]
    assert search.result().records == ()
    assert [(path.name, path.stat().st_mtime_ns) for path in (search.path, *search.path.iterdir())] == before
    search.database.unlink()
    for read in (search.result, lambda: rnas.resume(search.path)):
        with pytest.raises(LedgerError, match=r"ledger\.db is gone: restore it from a copy"):
            read()
    assert not search.database.exists()


def test_a_config_of_no_search_is_refused(tmp_path: Path) -> None:
    rnas.search(TINY, budget=2, output=tmp_path / "run")
    config = tmp_path / "run" / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("name: run\n", "", 1))
    with pytest.raises(InputError, match="it has no name"):
        rnas.Search.open(tmp_path / "run").result()
    config.write_text(text.replace("name: run\n", "name: other\n", 1))
    with pytest.raises(LedgerError, match="holds no study 'other'"):
        rnas.Search.open(tmp_path / "run").result()


def test_runs_of_one_name_share_a_database_and_hide_its_password(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    for folder in ("a", "b"):
        run = rnas.search({**TINY, "storage": url}, budget=2, output=tmp_path / folder / "run")
        assert len(run.records) == 2
        assert [record.key for record in rnas.Search.open(tmp_path / folder / "run").result().records] == [
            record.key for record in run.records
        ]
    with pytest.raises(InputError, match="not the URL of a database"):
        rnas.search({**TINY, "storage": "nonsense"}, budget=2, output=tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_worker_does_not_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnas.experiment.parent_process", lambda: object())
    with pytest.raises(InputError, match="__main__"):
        rnas.search(TINY, budget=2, output=tmp_path / "run")


def small_images(folder: Path, first: int, last: int) -> None:
    """Grey 8x8 images of two classes, by number."""
    for label in "ab":
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(first, last):
            Image.new("RGB", (8, 8), (2 * number, 7, ord(label))).save(folder / label / f"{number:03d}.png")


def test_a_search_is_not_resumed_with_more_images(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    small_images(folder, 0, 40)
    config = {
        "space": {"name": "robust-resnet", "depths": [1], "widths": [1], "base_channels": [4, 8, 16]},
        "evaluator": {
            "train": {
                "data": "folder",
                "data_dir": folder,
                "images": {"search_val": 10, "test": 10},
                "fidelity": {"epochs": 1, "batch_size": 30, "attack_steps": 1},
                "evaluation": {"steps": 1},
            }
        },
        "strategy": "random",
        "budget": 1,
        "workers": 0,
    }
    run = Search.create(SearchConfig.parse(config, "test"), tmp_path / "run")
    run.run()
    before = run.config.read_bytes()
    small_images(folder, 40, 41)
    with pytest.raises(
        ChangedInputError, match=r"^evaluator.train.data: the content has changed since .*/run was crea"
    ):
        resume(run.path, budget=2)
    assert run.config.read_bytes() == before
    for label in "ab":
        (folder / label / "040.png").unlink()
    assert len(resume(run.path, budget=2).records) == 2


def test_a_search_is_not_resumed_with_another_table(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    network = json.dumps(arch.to_dict(ResidualNetwork((1, 1, 1), (16, 32, 64)))).replace('"', '""')
    table.write_text(f'architecture,robust_accuracy\n"{network}",0.5\n')
    config = {"space": "robust-resnet", "evaluator": {"table": table}, "strategy": "random", "budget": 1}
    run = Search.create(SearchConfig.parse(config, "test"), tmp_path / "run")
    table.write_text(table.read_text().replace("0.5", "0.6"))
    with pytest.raises(ChangedInputError, match=r"^evaluator.table: the content has changed"):
        resume(run.path)


def test_recorded_values_that_are_impossible_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    network = json.dumps(arch.to_dict(ResidualNetwork((1, 1, 1), (16, 32, 64)))).replace('"', '""')
    table.write_text(f'architecture,robust_accuracy\n"{network}",0.5\n')
    config = {"space": "robust-resnet", "evaluator": {"table": table}, "strategy": "random", "budget": 1, "workers": 0}
    run = tmp_path / "run"
    rnas.search(config, output=run)
    for name, value in (("robust_accuracy", 99.0), ("flops", -5.0)):
        change(run, lambda content, name=name, value=value: content["metrics"].update({name: value}))
        with pytest.raises(
            LedgerError, match=rf"ledger\.db: trial 0: evaluation\.metrics\.{name}: {value:g} is not in"
        ):
            Search.open(run).result()
        change(run, lambda content: content["metrics"].update(robust_accuracy=0.5))


SCORED = [{"metric": "score", "direction": "maximize"}]


def counts_flops(architecture: object) -> dict[str, float]:
    return {"score": 1.0, "flops": 123.0}


def scores(architecture: object) -> dict[str, float]:
    return {"accuracy": 1.0}


def fails(architecture: object) -> dict[str, float]:
    raise ValueError("no images")


def far_apart(architecture: ResidualNetwork) -> dict[str, float]:
    return {"score": 10.0 ** (40 * sum(architecture.depths) - 220), "latency": 10.0 ** (-100 * architecture.depths[0])}


def test_a_function_may_not_call_its_own_count_flops(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the evaluator gave flops 123, and flops is known to be .*: call"):
        rnas.search(TINY, evaluator=counts_flops, budget=3, output=tmp_path / "run")
    assert {record.evaluation for record in rnas.Search.open(tmp_path / "run").result().records} == {None}


def test_a_search_ends_at_the_first_result_without_an_objective(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"objectives: .*gave no metric 'score'; it gave accuracy, flops, params"):
        rnas.search(TINY, evaluator=scores, budget=3, output=tmp_path / "run")
    assert {record.evaluation for record in rnas.Search.open(tmp_path / "run").result().records} == {None}


def test_a_search_in_which_every_evaluation_failed_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rnas.search(TINY, evaluator=fails, budget=3, output=tmp_path / "run")
    assert caplog.messages == [
        f"{tmp_path / 'run'}: none of 3 evaluations gave a result; the first: ValueError: no images"
    ]


@pytest.mark.parametrize("strategy", ["nsga2", "surrogate-nsga2"])
def test_values_of_any_size_do_not_end_a_search(tmp_path: Path, strategy: str) -> None:
    config = {
        **TINY,
        "space": {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3, 4], "depth2": [2, 3], "depth3": [2, 3, 4]}},
        "objectives": [*SCORED, {"metric": "latency", "direction": "minimize"}],
        "strategy": {"name": strategy} if strategy == "nsga2" else {"name": strategy, "initial": 6},
    }
    result = rnas.search(config, evaluator=far_apart, budget=16, output=tmp_path / "run")
    assert len(result.records) == 16


@pytest.mark.parametrize(
    "strategy",
    [
        {"name": "nni", "strategy": [["random"]]},
        {"name": "surrogate-nsga2", "predictor": ["gaussian-process"]},
        {"name": "surrogate-nsga2", "predictor": {"a": 1}},
        {"name": "surrogate-nsga2", "initial": "many"},
        {"name": "nsga2", "population": True},
        {"name": "optuna", "sampler": [[]]},
        {"name": "optuna", "options": [1]},
    ],
)
def test_options_of_strategies_have_their_types(strategy: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"strategy: "):
        Search.create(SearchConfig.parse({**TINY, "strategy": strategy}, "test"), tmp_path / "run")


_CODE = """
from pathlib import Path

from rnas.nas.evaluators.call import Call, CallSettings
from rnas.nas.strategies.random import RandomSearch
from search_spaces.wide_resnet import DepthGrid

Path("imported").touch()


def score(architecture):
    return {"score": float(sum(architecture.depths))}


class Space(DepthGrid):
    name = "own"


class Strategy(RandomSearch):
    pass


class Evaluator(Call):
    notes = ("computed here",)

    def __init__(self, settings, space):
        super().__init__(settings, space, score)
"""


@pytest.mark.parametrize(
    "parts",
    [
        {"evaluator": {"call": "own_code:score"}},
        {"evaluator": {"class": "own_code:Evaluator", "settings": {"call": "own_code:score"}}},
        {"space": {"name": "own_code:Space", "narrow": {"depth1": [2, 3]}}},
        {"strategy": "own_code:Strategy"},
        {"strategy": {"name": "surrogate-nsga2", "predictor": "own_code:Strategy"}},
    ],
)
def test_reading_imports_no_code_that_the_configuration_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_code.py").write_text(_CODE)
    sys.modules.pop("own_code", None)
    said: list[str] = []

    class Said(Listener):
        def message(self, text: str) -> None:
            said.append(text)

    run = rnas.search({**TINY, **parts}, budget=2, output="run", listener=Said())
    written = json.loads((tmp_path / "run" / "result.json").read_text())
    assert any("runs code that its configuration names" in text and "own_code:" in text for text in said)
    sys.modules.pop("own_code")
    (tmp_path / "imported").unlink()
    read = rnas.Search.open("run").result()
    assert json.loads(json.dumps(read.to_dict())) == written
    Search.open("run").write_report(read)
    assert [record.key for record in read.records] == [record.key for record in run.records]
    assert resolve_reference(f"run:{read.front()[0].key}").architecture == read.front()[0].architecture
    assert not (tmp_path / "imported").exists()
    assert len(rnas.resume("run", budget=3).records) == 3
    assert (tmp_path / "imported").exists()


def test_a_link_inside_changes_nothing_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "run"
    rnas.search(TINY, budget=2, output=path)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "package.json").write_text("{}")
    (path / "checkpoints").symlink_to(mine)
    (path / "notes").symlink_to(tmp_path / "nowhere")
    assert len(rnas.resume(path).records) == 2
    shutil.rmtree(path / "architectures")
    for link, target in ((path / "architectures", mine), (path / "lock", mine / "package.json")):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        search = Search.open(path)
        for write in (search.write, search.run, lambda: rnas.resume(path, budget=3)):
            with pytest.raises(InputError, match="is a link, and nothing is written"):
                write()
        assert len(search.result().records) == 2
        assert [(file.name, file.read_text()) for file in mine.iterdir()] == [("package.json", "{}")]
        link.unlink()
