"""What is checked on the nodes of a cluster, on two real ones of this host."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.nas.execution.cluster_check import Questions, answers, check_cluster, differences


@pytest.mark.slow
def test_every_node_says_what_it_has_and_what_is_missing(
    tmp_path: Path, ray_cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = tmp_path / "extra.npz"
    extra.write_bytes(b"images")
    shared = tmp_path / "runs"
    shared.mkdir()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    node = ray_cluster.add_node(num_cpus=1, num_gpus=2)
    try:
        found = check_cluster(data_dir=tmp_path, extra=extra, shared=shared)
    finally:
        ray_cluster.remove_node(node)
    assert list(shared.iterdir()) == []
    assert len(found.nodes) >= 2
    for one in found.nodes:
        assert one.found["torch"] == found.here["torch"]
        assert one.found["shared"] == "the same directory, and it can be written to"
        assert one.found["data digits"] == found.here["data digits"]
        offered = one.resources.get("GPU")
        assert one.faults == (() if offered is None else ("gpus: Ray offers 2, and torch sees 0",))
    assert [one.resources.get("GPU") for one in found.nodes].count(2.0) == 1
    with pytest.raises(InputError, match=r"extra: on this host it is not readable: .*gone.npz \(No such file"):
        check_cluster(extra=tmp_path / "gone.npz")
    with pytest.raises(InputError, match=r"shared: .*gone cannot be written to on this host"):
        check_cluster(shared=tmp_path / "gone")
    with pytest.raises(InputError, match=r"database: on this host it is not there: .*gone.db"):
        check_cluster(storage=f"sqlite:///{tmp_path}/gone.db")


def test_what_differs_from_the_driver_is_named_with_both(tmp_path: Path) -> None:
    (tmp_path / "mark").touch()
    questions = Questions(shared=tmp_path, mark="mark")
    here = {**answers(questions), "data cifar10": "abc", "extra": "123", "database": "PostgreSQL 17.2"}
    other = {name: value for name, value in here.items() if name not in ("scipy", "data cifar10")}
    other |= {"torch": "2.12.0", "extra": "124", "data digits": "xyz", "data folder": "1", "gpus": "0"}
    other |= {"database": "not reachable: no"}
    other |= {"shared": answers(dataclasses.replace(questions, mark="another"))["shared"]}
    faults, notes = differences(here, other, 1)
    assert set(faults) == {
        "gpus: Ray offers 1, and torch sees 0",
        f"torch: 2.12.0 there, and {here['torch']} here",
        f"scipy: not installed there, and {here['scipy']} here",
        "extra: another file is there",
        "database: not reachable: no",
        f"shared: not the driver's: {tmp_path} is another directory",
    }
    assert set(notes) == {
        "data cifar10: not found; the driver sends its own",
        "data digits: other images; the driver sends its own",
    }
    assert differences(here, here, 0) == ((), ())
