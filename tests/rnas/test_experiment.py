"""Killed and resumed, an experiment of every kind ends as the uninterrupted one."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rnas import registry
from rnas.errors import ChangedInputError, InputError, RnasError
from rnas.experiment import LEDGER, Experiment, Listener, Work, open_experiment, resume
from rnas.experiments.listeners import Entry, Tracker
from rnas.utils import _sqlite as sqlite
from tests.launcher import run
from tests.rnas.experiments_small import KINDS

MOMENTS = (("any", 3), ("recorded", 1))
"""What is heard, and how often, before the process is killed: first early, then when a result has been written."""

_OF_THE_CLOCK = ("seconds", "latency_ms", "hours")


class Killer(Listener):
    """Kill this process at a moment.

    Args:
        event: ``any``, or the name of the listener's method that is called at the moment.
        number: how often, until then.
    """

    def __init__(self, event: str, number: int) -> None:
        self._event = event
        self._left = number

    def _count(self, event: str) -> None:
        self._left -= self._event in ("any", event)
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def started(self, experiment: Experiment[Any, Any], work: Work) -> None:
        self._count("started")

    def proposed(self, record: Any) -> None:
        self._count("proposed")

    def progress(self, shares: Mapping[str, float]) -> None:
        self._count("progress")

    def recorded(self, record: Any) -> None:
        self._count("recorded")


class Notes(Tracker):
    """Track experiments in a file: a line for each entry."""

    name = "notes"
    needs = "rnas"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.with_name(f"{path.name}-notes.jsonl")
        self._of = ""

    def begin(self, experiment: Experiment[Any, Any]) -> set[str]:
        self._of = experiment.path.name if experiment.path.parent.name in ("tunings", "whole", "killed") else ""
        return {entry["name"] for entry in self.noted() if entry["of"] == self._of}

    def write(self, entry: Entry) -> None:
        with self._file.open("a") as file:
            file.write(f"{json.dumps({'of': self._of, **asdict(entry)})}\n")

    def end(self, error: BaseException | None) -> None:
        pass

    def noted(self) -> list[dict[str, Any]]:
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [json.loads(line) for line in lines]

    def entries(self) -> dict[tuple[str, str], Any]:
        """What was noted, by its name, which it has once."""
        noted = self.noted()
        found = {(entry["of"], entry["name"]): essence(entry, Path()) for entry in noted}
        assert len(found) == len(noted)
        return found


def kill_at_each_moment(path: str) -> None:
    """Run an experiment until it is killed, and again, each time in a process of its own."""
    for event, number in MOMENTS:
        # Forked before anything was computed here; so libraries are read once.
        child = os.fork()
        if child == 0:
            # A result that was recorded in the moment of death is tracked when the experiment is resumed.
            open_experiment(path).run((Killer(event, number), Notes(Path(path))), workers=0)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), (event, number)
        assert os.WTERMSIG(status) == signal.SIGKILL, (event, number)


def essence(value: Any, own: Path) -> Any:
    """JSON values without what the clock decides and where the experiment is."""
    if isinstance(value, Mapping):
        kept = {key: each for key, each in value.items() if not any(word in key for word in _OF_THE_CLOCK)}
        return {key: essence(each, own) for key, each in kept.items()}
    if isinstance(value, list | tuple):
        return [essence(each, own) for each in value]
    return value.replace(str(own), "") if isinstance(value, str) else value


def ledger(path: Path) -> Any:
    """All that a ledger holds; None where a kind has none."""
    if not (path / LEDGER).exists():
        return None
    with sqlite.reading(path / LEDGER) as storage:
        return {
            study.study_name: [
                (trial.number, trial.state.name, trial.params, trial.values, essence(trial.user_attrs, path))
                for trial in storage.get_all_trials(study._study_id)
            ]
            for study in storage.get_all_studies()
        }


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow if kind == "rule-test" else ()) for kind in KINDS]
)
def test_no_kind_goes_on_with_other_images(kind: str, tmp_path: Path) -> None:
    experiment = KINDS[kind](tmp_path / "run")
    experiment.require_same_inputs()
    config = experiment.config.read_bytes()
    # As if the images of this machine were others.
    inputs = next(tmp_path.glob("*search*/inputs.json"), experiment.path / "inputs.json")
    found = json.loads(inputs.read_text())
    inputs.write_text(json.dumps({name: value[::-1] for name, value in found.items()}))
    with pytest.raises(ChangedInputError, match=r"data: the content has changed since .* was created: restore"):
        resume(experiment.path, workers=0, **dict.fromkeys(experiment.grows, 50))
    assert experiment.config.read_bytes() == config
    assert not experiment.result_file.exists()
    inputs.unlink()
    with pytest.raises(InputError, match=r"inputs.json: cannot be read"):
        resume(experiment.path, workers=0)


def test_every_kind_is_tested() -> None:
    assert set(KINDS) == set(registry.names(registry.EXPERIMENTS))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The directory of a finished experiment of a kind, which tests do not change; made when it is first needed."""

    @cache
    def make(kind: str) -> Path:
        path = tmp_path_factory.mktemp(kind) / "whole"
        KINDS[kind](path).run(Notes(path), workers=0)
        return path

    return make


@pytest.fixture
def copy(finished: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of that directory, with those around it."""

    def make(kind: str) -> Path:
        shutil.copytree(finished(kind).parent, tmp_path / kind)
        return tmp_path / kind / "whole"

    return make


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_killed_and_resumed_it_is_the_uninterrupted_experiment(
    kind: str, tmp_path: Path, finished: Callable[[str], Path]
) -> None:
    whole, killed = finished(kind), tmp_path / "killed"
    expected = open_experiment(whole).result()
    assert KINDS[kind](killed).kind == kind
    run("tests.rnas.test_experiment:kill_at_each_moment", killed)
    found = resume(killed, workers=0, listener=[Notes(killed)])
    assert Notes(killed).entries() == Notes(whole).entries() != {}
    assert essence(found.to_dict(), killed) == essence(expected.to_dict(), whole)
    assert ledger(killed) == ledger(whole)
    assert essence(json.loads((killed / "result.json").read_text()), killed) == essence(expected.to_dict(), whole)
    assert open_experiment(killed).result().to_dict() == found.to_dict()


SOME_SLOW = [kind if kind in ("training", "tuning") else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
"""Kinds, of which those that take seconds are slow."""


def times(path: Path) -> dict[Path, int]:
    """When each file and folder was changed last."""
    return {each: each.stat().st_mtime_ns for each in (path, *path.rglob("*"))}


@pytest.mark.parametrize("kind", SOME_SLOW)
def test_reading_changes_nothing_and_links_and_lost_ledgers_are_refused(kind: str, copy: Callable[[str], Path]) -> None:
    path = copy(kind)
    before = times(path.parent)
    result = open_experiment(path).result()
    assert times(path.parent) == before
    link = path / "architectures"
    kept = link.exists() and link.rename(path.with_name("kept"))
    link.symlink_to(path.parent)
    for write in (open_experiment(path).write, open_experiment(path).run):
        with pytest.raises(InputError, match="architectures is a link, and nothing is written"):
            write()
    with pytest.raises(InputError, match="architectures is a link, and nothing is written"):
        open_experiment(path).write_report(result)
    link.unlink()
    if kept:
        kept.rename(link)
    assert times(path.parent).keys() == before.keys()
    state = next(file for file in (path / LEDGER, path / "cells" / LEDGER, path / "state.safetensors") if file.exists())
    state.unlink()
    (path / "result.json").unlink()
    for use in (open_experiment(path).result, open_experiment(path).run):
        with pytest.raises(RnasError, match=f"{state.name} is gone"):
            use()
    assert not state.exists()


READ_BACK = {
    "search": ("config.yaml", LEDGER, "rules.json", "fidelity-1/result.json"),
    "training": ("config.yaml", "state.safetensors", "best.json", "last.json", "result.json"),
    "supernet": ("config.yaml", "state.safetensors"),
    "tuning": ("config.yaml", LEDGER),
    "comparison": ("config.yaml", LEDGER, "tunings/*/result.json"),
    "replication": ("config.yaml", LEDGER),
    "fidelity": ("config.yaml", LEDGER),
    "rule-test": ("config.yaml", LEDGER, "prediction-*.json"),
    "cell-search": ("config.yaml", "state.safetensors"),
    "robnet-search": ("config.yaml", f"cells/{LEDGER}"),
}
"""What each kind reads of what it wrote."""

DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "a list": lambda content: b"[1]",
    "a foreign object": lambda content: b'{"metric": 1}',
    "binary": lambda content: bytes(range(256)) * 40,
}


@pytest.mark.parametrize("kind", SOME_SLOW)
def test_a_damaged_file_is_one_line_and_is_left_as_it_is(kind: str, copy: Callable[[str], Path]) -> None:
    path = copy(kind)
    for name in READ_BACK[kind]:
        file = next(path.glob(name), path / name)
        file.parent.mkdir(exist_ok=True)
        whole = file.read_bytes() if file.exists() else None
        for damage, damaged in DAMAGED.items():
            file.write_bytes(damaged(whole or b'{"schema_version": 1}'))
            before = times(path.parent)
            uses = [lambda: open_experiment(path).result(), lambda: resume(path, workers=0)]
            for use in uses if damage == "empty" else uses[:1]:
                with pytest.raises(RnasError) as found:
                    use()
                assert str(path) in str(found.value), (name, damage)
                assert len(str(found.value).splitlines()) == 1, (name, damage)
            after = times(path.parent)
            assert {each: after[each] for each in before if each.is_file()} | {path / "lock": 0} == {
                each: at for each, at in before.items() if each.is_file()
            } | {path / "lock": 0}, (name, damage)
        if whole is None:
            file.unlink()
        else:
            file.write_bytes(whole)
    open_experiment(path).result()
