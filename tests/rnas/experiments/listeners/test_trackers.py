"""What trackers write is read back by the programs that it is for."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.experiment import Experiment, Listener, Work, resume
from rnas.experiments.listeners import MLflow, TensorBoard, Tracker, WeightsAndBiases
from rnas.nas.config import SearchConfig
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.networks import architecture as arch
from tests.rnas import experiments_small

# Other people's packages warn of themselves.
pytestmark = pytest.mark.filterwarnings("default")


class Interrupter(Listener):
    """Interrupt an experiment when it has recorded so much, or let it fail."""

    def __init__(self, number: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        self._left = number
        self._error = error

    def recorded(self, record: Any) -> None:
        self._left -= 1
        if self._left == 0:
            raise self._error


def trackers(folder: Path) -> list[Tracker]:
    """Those whose package is installed."""
    made: dict[str, Any] = {
        "tensorboard": TensorBoard,
        "mlflow": lambda: MLflow(f"sqlite:///{folder}/mlflow.db"),
        "wandb": lambda: WeightsAndBiases(folder=folder),
    }
    return [make() for needs, make in made.items() if find_spec(needs)]


@pytest.fixture(scope="module", autouse=True)
def offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        yield


def run_thrice(experiment: Experiment[Any, Any], **larger: int) -> Any:
    """Track the experiment until it is interrupted, then until its end, and then once more."""
    folder = experiment.path.parent
    with pytest.raises(KeyboardInterrupt):
        experiment.run([Interrupter(2), *trackers(folder)], workers=0)
    resume(experiment.path, listener=trackers(folder), workers=0)
    return resume(experiment.path, listener=trackers(folder), workers=0, **larger)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    config = {**experiments_small.SEARCH, "budget": 2, "name": "small"}
    found: SearchResult = run_thrice(
        Search.create(SearchConfig.parse(config, "test"), tmp_path_factory.mktemp("search") / "run"), budget=3
    )
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("training") / "run"
    return run_thrice(experiments_small.training(path))


def names_of(result: SearchResult) -> set[str]:
    return {
        *(f"{record.number:04d}-{record.key}" for record in result.records),
        *(f"final-evaluation-{record.number:04d}-{record.key}" for record in result.final_records),
    }


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values of each tag in a folder of event files."""
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = module.EventAccumulator(str(folder)).Reload()
    return {tag: [(s.step, s.value) for s in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tensorboard_shows_each_evaluation_once(searched: SearchResult) -> None:
    pytest.importorskip("tensorboard")
    folder = searched.path / "tensorboard"
    assert {entry.name for entry in folder.iterdir() if entry.is_dir()} == names_of(searched)
    record = searched.complete[-1]
    found = scalars(folder / f"{record.number:04d}-{record.key}")
    for name, value in record.metrics.items():
        assert found[name] == [(record.number, pytest.approx(value))]
    assert {"robust_accuracy", "flops", "params", "seconds"} <= set(found)
    losses = [point["loss"] for point in record.evaluation.curve]
    assert found["curve/loss"] == [(epoch, pytest.approx(loss)) for epoch, loss in enumerate(losses, 1)]
    written = b"".join(file.read_bytes() for file in (folder / f"{record.number:04d}-{record.key}").iterdir())
    assert record.key.encode() in written
    assert b"parameter/depth1" in written


def test_tensorboard_shows_the_epochs_of_a_training_as_one_run(trained: Any) -> None:
    found = scalars(trained.path / "tensorboard")
    accuracies = [row["val_robust_accuracy"] for row in trained.history]
    assert found["val_robust_accuracy"] == [(epoch, pytest.approx(value)) for epoch, value in enumerate(accuracies, 1)]
    [test] = scalars(trained.path / "tensorboard" / "test")["test_best_clean_accuracy"]
    assert test == (2, pytest.approx(trained.summary["best"]["test"]["clean"]["accuracy"]))


def test_experiments_of_one_name_have_a_folder_each_in_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    config = SearchConfig.parse({"space": "digits-bench", "evaluator": {"digits-bench": {}}, "budget": 2}, "test")
    one, other = (Search.create(config, tmp_path / name / "run") for name in ("one", "other"))
    for run in (one, other, one):
        tracker = TensorBoard(tmp_path / "shown")
        tracker.started(run, Work("evaluation", 2))
        tracker.ended(run, None)
    shown = {folder.name: len(list(folder.iterdir())) for folder in (tmp_path / "shown").iterdir()}
    assert shown == {"run": 2, "run-1": 1}


def runs_of(folder: Path, name: str = "rnas") -> tuple[Any, list[Any]]:
    """The client, and all runs of an experiment in MLflow's database in a folder."""
    tracking = pytest.importorskip("mlflow.tracking")
    client = tracking.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    [experiment] = [one for one in client.search_experiments() if one.name == name]
    return client, list(client.search_runs([experiment.experiment_id]))


def test_mlflow_shows_each_evaluation_once_below_its_search(searched: SearchResult) -> None:
    client, runs = runs_of(searched.path.parent)
    assert {run.info.status for run in runs} == {"FINISHED"}
    [own] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    below = {run.info.run_name: run for run in runs if run is not own}
    assert len(runs) == 1 + len(below)
    assert set(below) == names_of(searched)
    assert {run.data.tags["mlflow.parentRunId"] for run in below.values()} == {own.info.run_id}
    assert own.data.params["evaluator.train.data"] == "digits"
    record = searched.complete[-1]
    run = below[f"{record.number:04d}-{record.key}"]
    assert {name: run.data.metrics[name] for name in record.metrics} == dict(record.metrics)
    assert run.data.params["key"] == record.key
    losses = sorted((m.step, m.value) for m in client.get_metric_history(run.info.run_id, "curve/loss"))
    assert losses == [(epoch, point["loss"]) for epoch, point in enumerate(record.evaluation.curve, 1)]


def test_mlflow_shows_the_epochs_of_a_training(trained: Any) -> None:
    client, runs = runs_of(trained.path.parent)
    [own] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    found = sorted((m.step, m.value) for m in client.get_metric_history(own.info.run_id, "val_robust_accuracy"))
    assert found == [(row["epoch"], row["val_robust_accuracy"]) for row in trained.history]
    assert own.data.params["key"] == arch.key(trained.best.architecture)


def test_mlflow_shows_what_was_interrupted_and_what_failed(trained: Any, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    experiment, folder = experiments_small.training(tmp_path / "run"), trained.path.parent
    for error, status in ((KeyboardInterrupt, "KILLED"), (ValueError, "FAILED")):
        with pytest.raises(error):
            experiment.run([Interrupter(1, error), MLflow(f"sqlite:///{folder}/mlflow.db", "stopped")], workers=0)
        _, [run] = runs_of(folder, "stopped")
        assert run.info.status == status


def logged(file: Path) -> Iterator[bytes]:
    """What a file of Weights & Biases holds: records in the form of LevelDB's log, after a header of 7 bytes."""
    content, block, at = file.read_bytes(), 32_768, 7
    whole = b""
    while at + 7 <= len(content):
        if block - at % block < 7:
            at += block - at % block
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        whole += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield whole
            whole = b""


def records_of(folder: Path) -> list[Any]:
    """All that was logged offline to Weights & Biases in a folder, of one run."""
    messages = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    files = sorted(folder.glob("wandb/offline-run-*/run-*.wandb"))
    assert len({file.name for file in files}) == 1
    return [messages.Record.FromString(data) for file in files for data in logged(file)]


def history(folder: Path) -> list[dict[str, Any]]:
    """All rows of the history in it."""
    records = records_of(folder)
    rows = [[(item.key or "/".join(item.nested_key), item.value_json) for item in r.history.item] for r in records]
    return [{name: json.loads(value) for name, value in row} for row in rows if row]


def test_wandb_has_each_evaluation_once(searched: SearchResult) -> None:
    pytest.importorskip("wandb")
    ends = [record.exit.exit_code for record in records_of(searched.path.parent) if record.HasField("exit")]
    assert sorted(ends) == [0, 0, 1]
    rows = history(searched.path.parent)
    keys = Counter(row["key"] for row in rows if "key" in row)
    assert keys == Counter(record.key for record in searched.records)
    finals = [row["final-evaluation/key"] for row in rows if "final-evaluation/key" in row]
    assert sorted(finals) == sorted(record.key for record in searched.final_records)
    record = searched.complete[-1]
    [row] = [row for row in rows if row.get("number") == record.number]
    assert {name: row[name] for name in record.metrics} == dict(record.metrics)
    name = f"curve/{record.number:04d}-{record.key}"
    losses = [row[f"{name}/loss"] for row in rows if f"{name}/loss" in row]
    assert losses == [point["loss"] for point in record.evaluation.curve]


class Broken(Tracker):
    """Fail whenever something is to be written."""

    name = "broken"
    needs = "rnas"

    def begin(self, experiment: Experiment[Any, Any]) -> set[str]:
        return set()

    def write(self, entry: Any) -> None:
        raise ConnectionError("no\nserver")

    def end(self, error: BaseException | None) -> None:
        raise AssertionError


def test_a_failure_is_one_warning_and_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    experiment = experiments_small.training(tmp_path / "run")
    with caplog.at_level(logging.WARNING):
        result = experiment.run(Broken(), workers=0)
    assert result.status == "complete"
    [said] = [record.getMessage() for record in caplog.records]
    assert said == "broken failed, and nothing more is tracked; the experiment continues: no server"


def test_nothing_is_written_through_a_link_in_the_experiment(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("tensorboard")
    experiment = experiments_small.training(tmp_path / "run")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (experiment.path / "tensorboard").symlink_to(elsewhere)
    with caplog.at_level(logging.WARNING):
        experiment.run(TensorBoard(), workers=0)
    [said] = [record.getMessage() for record in caplog.records]
    assert "tensorboard is a link, and nothing is written through one" in said
    assert list(elsewhere.iterdir()) == []


class Missing(Broken):
    """Need what nobody has."""

    needs = "a_package_that_nobody_has"


def test_a_missing_package_is_one_line_before_anything_is_made() -> None:
    with pytest.raises(InputError, match=r"^a_package_that_nobody_has is not installed: pip install 'rnas\[broken\]'$"):
        Missing()
