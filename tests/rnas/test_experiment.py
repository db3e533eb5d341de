"""Killed and resumed, an experiment of every kind ends as the uninterrupted one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rnas import registry
from rnas.errors import ChangedInputError, InputError
from rnas.experiment import LEDGER, Experiment, Listener, Work, open_experiment, resume
from rnas.utils import _sqlite as sqlite
from tests.rnas.experiments_small import KINDS

MOMENTS = (("any", 3), ("recorded", 1))
"""What is heard, and how often, before the process is killed: first early, then when a result has been written."""

_KILLING = "import sys; from tests.rnas.test_experiment import kill_at_each_moment; kill_at_each_moment(sys.argv[1])"

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


def kill_at_each_moment(path: str) -> None:
    """Run an experiment until it is killed, and again, each time in a process of its own."""
    for event, number in MOMENTS:
        # Forked before anything was computed here; so libraries are read once.
        child = os.fork()
        if child == 0:
            open_experiment(path).run(Killer(event, number), workers=0)
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
    with sqlite.opened(path / LEDGER) as storage:
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_killed_and_resumed_it_is_the_uninterrupted_experiment(kind: str, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    expected = KINDS[kind](whole).run(workers=0)
    assert KINDS[kind](killed).kind == kind
    subprocess.run([sys.executable, "-c", _KILLING, killed], check=True, cwd=Path(__file__).parents[2])
    found = resume(killed, workers=0)
    assert essence(found.to_dict(), killed) == essence(expected.to_dict(), whole)
    assert ledger(killed) == ledger(whole)
    assert essence(json.loads((killed / "result.json").read_text()), killed) == essence(expected.to_dict(), whole)
    assert open_experiment(killed).result().to_dict() == found.to_dict()
