"""What only a cluster of Ray can do; what it has in common with other executors is tested with them."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import rnas
from rnas.errors import InputError
from rnas.experiments.tuning.tuning import Tuning
from rnas.nas._setup import resolve
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.evaluator import Context, Evaluation, Status, Task
from rnas.nas.execution import Limits, RaySettings, RayTasks, _ray_worker, on_ray, on_this_host
from rnas.nas.execution._local import executor_of
from rnas.nas.execution.ray_settings import cluster
from rnas.nas.execution.ray_tasks import sharers_of
from rnas.nas.search import Search
from rnas.utils._threads import one_thread
from tests.evaluators import Scripted, as_task
from tests.launcher import run
from tests.rnas.experiments_small import KINDS
from tests.rnas.nas.execution.test_executors import run_all
from tests.rnas.nas.test_search import TINY, small_images
from tests.rnas.test_experiment import Killer, essence

pytestmark = pytest.mark.slow


def attempts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("ray_cluster")
def test_a_dead_worker_is_charged_to_its_evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnas.nas.execution.ray_tasks._GRACE_SECONDS", 0.5)
    executor = RayTasks(Scripted({17: "kill_self"}, tmp_path), RaySettings(), Limits())
    results = run_all(executor, [16, 17, 18])
    executor.close()
    assert [results[number].status for number in range(3)] == [Status.COMPLETE, Status.FAILED, Status.COMPLETE]
    assert results[1].reason == "its worker was killed 2 times; by the system, for want of memory?"
    assert attempts(tmp_path) == ["16-0", "17-0", "17-1", "18-0"]
    executor = RayTasks(Scripted({17: "sleep_deaf"}), RaySettings(), Limits(seconds=0.5))
    results = run_all(executor, [17, 16])
    executor.close()
    assert results[0].reason == "it ran past its time limit of 0.5 s and was killed"
    assert [results[number].status for number in range(2)] == [Status.TIMEOUT, Status.COMPLETE]


@dataclass(frozen=True)
class Waiting(Scripted):
    """Does not end before there is a file."""

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        result = super().evaluate(task, context)
        assert self.folder is not None
        while not self.folder.with_name("go").exists():
            time.sleep(0.05)
        return result


def comes_to(executor: RayTasks, slots: int) -> bool:
    """Whether there are that many slots in the end."""
    deadline = time.monotonic() + 60
    while executor.slots != slots and time.monotonic() < deadline:
        time.sleep(0.2)
    return executor.slots == slots


def test_a_node_that_is_lost_costs_no_attempt_and_a_new_one_is_used(ray_cluster: Any, tmp_path: Path) -> None:
    folder = tmp_path / "attempts"
    folder.mkdir()
    executor = RayTasks(Waiting({}, folder), RaySettings(), Limits())
    [second] = [node for node in ray_cluster.list_all_nodes() if not node.is_head()]
    assert executor.slots == 2
    shares: list[float] = []
    first: set[str] = set()

    def lose_it(found: dict[int, float]) -> None:
        shares.extend(found.values())
        names = {running.name for running in executor._running.values()}
        if list(found.values()) == [0.5, 0.5] and not first:
            first.update(names)
            ray_cluster.remove_node(second, allow_graceful=False)
        elif first and names != first:
            # One of them waits to be started again.
            (tmp_path / "go").touch()

    try:
        executor.submit(0, as_task(16))
        executor.submit(1, as_task(17))
        results: dict[int, Evaluation] = {}
        while len(results) < 2:
            results |= dict(executor.wait(lose_it))
        assert comes_to(executor, 1)
        ray_cluster.add_node(num_cpus=1)
        assert comes_to(executor, 2)
    finally:
        executor.close()
    assert {result.status for result in results.values()} == {Status.COMPLETE}
    assert len(attempts(folder)) == 3
    assert 0.5 in shares


@dataclass(frozen=True)
class Leaving(Scripted):
    """Leaves a file, and prints."""

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        assert context.folder is not None
        path = context.folder / "deeper" / f"{task.seed}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(context.folder))
        print("seed", task.seed)
        return super().evaluate(task, context)


@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize("shared", [True, False])
def test_what_an_evaluation_leaves_and_prints_comes_to_the_run(tmp_path: Path, shared: bool) -> None:
    folder = tmp_path / "checkpoints"
    executor = RayTasks(Leaving({}), RaySettings(), Limits(folder=folder))
    if not shared:
        # As on a node that has another directory there.
        (tmp_path / executor._mark).unlink()
    run_all(executor, [16, 17])
    executor.close()
    left = {path.name: path.read_text() for path in (folder / "deeper").iterdir()}
    assert sorted(left) == ["0.txt", "1.txt"]
    assert all((text == str(folder)) is shared for text in left.values())
    logs = {path.name: path.read_text() for path in (tmp_path / "logs").iterdir()}
    assert logs == {f"checkpoints-{seed}.log": f"seed {seed}\n" for seed in range(2)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "logs"]


@pytest.mark.parametrize(("gpus", "sharers"), [(0.1, 10), (0.25, 4), (0.3, 3), (0.5, 2), (0.6, 1), (1, 1), (2, 1)])
def test_a_part_of_a_gpu_is_that_part_of_its_memory(monkeypatch: pytest.MonkeyPatch, gpus: float, sharers: int) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(_ray_worker, "share_memory", lambda *given: asked.append(given))
    sent = _ray_worker.Sent(Scripted({}), {}, None, None, "mark")
    monkeypatch.setitem(_ray_worker._loaded, "00", sent)
    told = SimpleNamespace(report=SimpleNamespace(remote=lambda name, share: None))
    place = [SimpleNamespace(hex=lambda: "00")]
    outcome = _ray_worker.evaluate(place, [], as_task(16), "name", "cuda:0", sharers_of(gpus), told)
    assert outcome.evaluation is not None
    assert outcome.evaluation.status is Status.COMPLETE
    assert asked == [("cuda:0", sharers)]


@pytest.mark.usefixtures("ray_cluster")
def test_what_the_cluster_lacks_is_refused() -> None:
    wanted = RaySettings(gpus_per_evaluation=0.5, memory_per_evaluation=2.0)
    for workers in (None, 2):
        with pytest.raises(InputError, match=r"no node of the cluster has .* \(1 CPU, 0.5 GPU, 2.14748e\+09 memory\)"):
            RayTasks(Scripted({}), wanted, Limits(), workers)
    with pytest.raises(InputError, match="the evaluator cannot travel to the cluster"):
        RayTasks(Scripted({1: threading.Lock()}), RaySettings(), Limits())  # type: ignore[dict-item]


@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize(("workers", "slots"), [(None, 2), (0, 1), (1, 1)])
def test_workers_are_an_upper_limit_and_none_of_them_is_one_by_one(workers: int | None, slots: int) -> None:
    with on_ray(), executor_of(Scripted({}), workers) as executor:
        assert executor.slots == slots


@pytest.mark.parametrize("address", ["127.0.0.1:1", "a..b:6379", "localhost:99999999"])
def test_where_nothing_answers_ray_does_not_wait(address: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(InputError, match=f"ray: there is no cluster at address {address} .*: start one with"):
        RayTasks(Scripted({}), RaySettings(address=address), Limits())


@pytest.mark.parametrize("change", [{"cpus_per_evaluation": 1e-300}, {"memory_per_evaluation": 1e300}])
def test_resources_beyond_all_use_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"RaySettings: {next(iter(change))}: input should be"):
        RaySettings(**change)


def test_the_cluster_of_the_block_replaces_what_the_settings_say() -> None:
    own = RaySettings(address="here:1", cpus_per_evaluation=2.0)
    assert cluster(own) == own
    with on_ray(address="there:2"):
        assert cluster() == RaySettings(address="there:2")
        assert cluster(own) == RaySettings(address="there:2", cpus_per_evaluation=2.0)
        with on_this_host():
            assert cluster(own) is None
    assert cluster() is None


def drive_and_die(path: str) -> None:
    """Resume a search until it is killed."""
    Search.open(path).run(Killer("recorded", 2))


@pytest.mark.usefixtures("ray_cluster")
def test_a_search_whose_driver_is_killed_ends_as_one_in_this_process(tmp_path: Path) -> None:
    import ray

    here = rnas.search(TINY, budget=4, output=tmp_path / "here")
    there = tmp_path / "there"
    address = ray.get_runtime_context().gcs_address
    config = SearchConfig.parse({**TINY, "budget": 4, "ray": {"address": address}}, "test")
    Search.create(config, there)
    died = run("tests.rnas.nas.execution.test_ray_tasks:drive_and_die", there, check=False)
    assert died.returncode == -9, died.stderr
    assert len([record for record in Search.open(there).result().records if record.evaluation is not None]) == 2
    result = rnas.resume(there)

    def evaluations(found: rnas.SearchResult) -> Any:
        return essence(found.to_dict()["evaluations"], Path("/nowhere"))

    assert evaluations(result) == evaluations(here)


@pytest.mark.usefixtures("ray_cluster")
def test_images_come_from_the_driver(tmp_path: Path) -> None:
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
    }
    setup = resolve(SearchConfig.parse(config, "test"), tmp_path, "test")
    task = Task(setup.space.decode(setup.space.sample(1, np.random.default_rng(0))[0]), 0)
    with one_thread("cpu"):
        here = setup.evaluator.evaluate(task, Context())
    with on_ray(), setup.executor() as executor:
        # As on another host.
        folder.rename(tmp_path / "elsewhere")
        executor.submit(0, task)
        [(_, there)] = executor.wait(lambda shares: None)
    assert there.reason == ""
    assert there.metrics == here.metrics


@pytest.mark.usefixtures("ray_cluster")
def test_a_comparison_on_a_cluster_gives_the_numbers_of_one_process(tmp_path: Path) -> None:
    here = KINDS["comparison"](tmp_path / "here")
    there = KINDS["comparison"](tmp_path / "there")
    expected = essence(here.run(workers=0).to_dict(), here.path)
    with on_ray():
        found = essence(there.run().to_dict(), there.path)
    assert found == expected


@pytest.mark.usefixtures("ray_cluster")
def test_a_tuning_on_a_cluster_reports_its_epochs_to_the_driver(tmp_path: Path) -> None:
    here, there = (KINDS["tuning"](tmp_path / name).path for name in ("here", "there"))
    Tuning.open(here).run()
    with on_ray():
        Tuning.open(there).run()

    def told(path: Path) -> Any:
        return [(trial.params, trial.values, trial.intermediate_values) for trial in Tuning.open(path).trials()]

    assert told(there) == told(here)
    assert len(told(here)[0][2]) == 2


@pytest.mark.usefixtures("ray_cluster")
def test_a_replication_on_a_cluster_gives_the_numbers_of_one_process(tmp_path: Path) -> None:
    here, there = (KINDS["replication"](tmp_path / name) for name in ("here", "there"))
    expected = essence(here.run(workers=0).to_dict(), here.path)
    with on_ray():
        found = essence(there.run().to_dict(), there.path)
    assert found == expected
