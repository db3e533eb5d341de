"""Searches in which networks break the device, fill its memory or hang."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import rnas
from rnas.cli import main
from rnas.errors import DeviceLostError
from rnas.nas.evaluators.evaluator import Status
from rnas.nas.ledger import Record
from rnas.utils import _devices as devices
from tests.rnas import faulty_device

CONFIG: dict[str, Any] = {
    "space": {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3], "depth2": [2, 3], "depth3": [2, 3, 4]}},
    "evaluator": {"call": "tests.rnas.faulty_device:score"},
    "objectives": [{"metric": "score", "direction": "maximize"}, {"metric": "flops", "direction": "minimize"}],
    "strategy": "random",
}


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "device"
    folder.mkdir()
    monkeypatch.setenv(faulty_device.FOLDER, str(folder))
    monkeypatch.setattr(devices, "CONTEXTS", dict(devices.CONTEXTS))
    faulty_device.restart()
    return folder


def script(folder: Path, faults: Mapping[str, str]) -> None:
    (folder / "script.json").write_text(json.dumps(faults))


def clean(folder: Path, path: Path, budget: int = 10) -> list[Record]:
    script(folder, {})
    records = rnas.search(CONFIG, workers=0, budget=budget, output=path).records
    assert [record.evaluation.status for record in records] == [Status.COMPLETE] * budget
    return records


def outcome(record: Record) -> tuple[object, ...]:
    return record.number, record.key, record.seed, record.evaluation.status, record.metrics


@pytest.mark.slow
def test_failures_of_three_networks_touch_no_other_one(
    tmp_path: Path, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnas.nas.execution.process_slots._GRACE_SECONDS", 0.5)
    expected = clean(device, tmp_path / "clean")
    for file in device.iterdir():
        file.unlink()
    keys = [record.key for record in expected]
    script(device, {keys[2]: "break", keys[4]: "fill", keys[6]: "hang"})
    records = rnas.search(CONFIG, workers=2, budget=10, time_limit=5, output=tmp_path / "run").records
    failures = {2: Status.FAILED, 4: Status.OUT_OF_MEMORY, 6: Status.TIMEOUT}
    assert {r.number: r.evaluation.status for r in records if not r.complete} == failures
    assert faulty_device.LOST in records[2].evaluation.reason
    others = [record for record in expected if record.number not in failures]
    assert [outcome(record) for record in records if record.complete] == [outcome(record) for record in others]
    # What broke the shared device ran once more, alone, and so did the network that ran beside it.
    attempts = [tuple(line.split()) for line in (device / "attempts").read_text().splitlines()]
    assert [key for _, key in attempts].count(keys[2]) == 2
    assert len(list(device.glob("broken-*"))) == 2
    # No process that had a failure evaluates again.
    for place, (process, key) in enumerate(attempts):
        if key in (keys[2], keys[4], keys[6]):
            assert process not in dict(attempts[place + 1 :])


def test_a_device_that_this_process_lost_ends_the_search_and_another_resumes(
    tmp_path: Path, device: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = clean(device, tmp_path / "clean", 4)
    script(device, {expected[2].key: "break"})
    path = tmp_path / "run"
    with pytest.raises(DeviceLostError, match=r"^this process can no longer use .*assert triggered\); resume with: "):
        rnas.search(CONFIG, workers=0, budget=4, output=path)
    kept = rnas.Search.open(path).result().records
    assert [record.evaluation is not None for record in kept] == [True, True, True, *[False] * (len(kept) - 3)]
    assert kept[2].evaluation.status is Status.FAILED
    monkeypatch.setattr(sys, "argv", ["rnas", "resume", str(path)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("rnas: this process can no longer use the device cpu (CUDA error: device-side assert")
    assert line.endswith(f"resume with: rnas resume {path}")
    faulty_device.restart()
    records = rnas.resume(path).records
    assert [record.number for record in records if not record.complete] == [2]
    assert [outcome(r) for r in records if r.complete] == [outcome(r) for r in expected if r.number != 2]


def test_what_fills_a_shared_device_runs_alone_and_fewer_share_it_afterwards(
    tmp_path: Path, device: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = clean(device, tmp_path / "clean", 4)
    for file in device.iterdir():
        file.unlink()
    script(device, {expected[1].key: "fill-at-first", expected[2].key: "fill"})
    slots: list[int] = []

    class Slots(rnas.Listener):
        def started(self, experiment: Any, work: Any) -> None:
            slots.append(work.slots)

    records = rnas.search(CONFIG, workers=2, budget=4, output=tmp_path / "run", listener=Slots()).records
    assert slots == [2]
    assert [outcome(r) for r in records if r.number != 2] == [outcome(r) for r in expected if r.number != 2]
    assert records[2].evaluation.status is Status.OUT_OF_MEMORY
    attempts = [line.split()[1] for line in (device / "attempts").read_text().splitlines()]
    assert attempts.count(expected[1].key) == 2
    assert "which 2 workers shared: it runs once more alone, and 1 share it from now on" in caplog.text
