"""Options that say where evaluations run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnas.cli.executors import executing, merge
from rnas.errors import InputError
from rnas.nas.execution.ray_settings import RaySettings, cluster
from tests.rnas.experiments_small import KINDS


@pytest.mark.parametrize(
    ("executor", "address", "before", "after"),
    [
        (None, None, {}, {}),
        ("ray", None, {}, {"ray": {}}),
        (None, "auto", {}, {"ray": {"address": "auto"}}),
        (
            "ray",
            "here:1",
            {"ray": {"gpus_per_evaluation": 2}},
            {"ray": {"gpus_per_evaluation": 2, "address": "here:1"}},
        ),
        ("local", None, {"ray": {"gpus_per_evaluation": 2}}, {}),
    ],
)
def test_a_search_keeps_where_it_runs(
    executor: str | None, address: str | None, before: dict[str, Any], after: dict[str, Any]
) -> None:
    merge(before, executor, address)
    assert before == after


def test_an_experiment_runs_where_the_options_say() -> None:
    own = RaySettings(address="own:1")
    with executing(None, None):
        assert cluster(own) == own
    with executing("ray", None):
        assert cluster(own) == own
        assert cluster() == RaySettings()
    with executing(None, "other:1"):
        assert cluster(own) == RaySettings(address="other:1")
    with executing("local", None):
        assert cluster(own) is None


def test_options_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="executor: 'slurm' is unknown; give local or ray"), executing("slurm", None):
        pass
    with pytest.raises(InputError, match="address: it is that of a cluster of Ray"), executing("local", "here:1"):
        pass


def test_the_cost_of_work_on_a_cluster_is_not_estimated_here(command: Callable[..., Any]) -> None:
    for words in (
        ["search", "--space", "digits-bench", "--budget", 4],
        ["replicate", "robust-wrn-scaling"],
        ["compare", "--data", "digits", "--flops", "10M"],
        ["tune", "robust-resnet-a1", "--data", "digits", "--recipe", "sat"],
    ):
        done = command(*words, "--dry-run", "--executor", "ray")
        assert (done.code, done.err.count("\n")) == (2, 1), done
        assert "a cost estimate measures this host, and these evaluations run on a cluster" in done.err


def test_what_runs_on_this_host_only_is_not_sent_to_a_cluster(command: Callable[..., Any], tmp_path: Path) -> None:
    path = KINDS["training"](tmp_path / "run").path
    done = command("resume", path, "--executor", "ray")
    assert (done.code, done.err.count("\n")) == (2, 1), done
    assert f"executor: {path} is a training, which runs on this host; leave it out" in done.err
    done = command("doctor", "--shared", tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1), done
    assert "shared: it is checked on the nodes of a cluster; give its address too" in done.err


def test_a_cluster_is_simulated(command: Callable[..., Any]) -> None:
    done = command("simulate-cluster", "--workers", 4, "--budget", 8, "--failures", 0, "--json")
    content = json.loads(done.out)
    assert content["cluster"]["workers"] == 4
    assert [search["evaluations"] for search in content["searches"]] == [8, 8]
    shown = command("simulate-cluster", "--workers", 4, "--budget", 4).out
    assert "hypervolume of half of them" in shown
    assert shown.count("hypervolume after") == 3
    assert "hours of workers that evaluate" in shown
