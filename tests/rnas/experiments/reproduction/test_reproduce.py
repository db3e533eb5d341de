"""What reproducing makes of trainings that fail."""

from pathlib import Path

import pytest

import rnas
from rnas.errors import NotEvaluatedError
from rnas.experiments.reproduction.judgement import EXACTLY, NOT
from tests.rnas.experiments.reproduction.records import FUNCTION


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One of a function, with seed 7."""
    run = tmp_path_factory.mktemp("function") / "run"
    rnas.search(FUNCTION, output=run)
    return f"{run}:knee"


@pytest.mark.parametrize(
    ("failure", "message"),
    [("memory", "seed 7: out-of-memory: "), ("device", "seed 7: failed: OSError: .*Input/output error")],
)
def test_what_could_not_be_evaluated_gets_no_status(
    result: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str, message: str
) -> None:
    monkeypatch.setenv("FAILING", f"7:{failure}")
    with pytest.raises(NotEvaluatedError, match=f"{result} could not be evaluated.*{message}"):
        rnas.reproduce(result, output=tmp_path / "reproduction.json")
    assert not (tmp_path / "reproduction.json").exists()


def test_one_that_diverges_now_is_not_reproduced(result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILING", "7:diverged")
    found = rnas.reproduce(result)
    assert found.status == NOT
    assert "seed 7: diverged: the loss is not finite" in found.notes


def test_seeds_that_gave_nothing_are_counted_and_left_out(result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILING", "9:memory,10:diverged")
    found = rnas.reproduce(result, seeds=4)
    assert (found.seeds, found.status) == ((8, 11), EXACTLY)
    assert "2 of 4 further seeds gave a result." in found.notes
    assert found.metrics[0].seed_spread is not None
    assert len(found.metrics[0].seed_spread.values) == 2
    first = found.rows()[0]
    assert (first["name"], first["found"], first["status"]) == (found.metrics[0].name, first["recorded"], EXACTLY)


def test_notes_do_not_ask_for_seeds_that_were_given(result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("seeds=N" in note for note in rnas.reproduce(result).notes)
    monkeypatch.setenv("FAILING", "8:memory")
    found = rnas.reproduce(result, seeds=2)
    assert (found.seeds, found.metrics[0].seed_spread) == ((9,), None)
    assert "1 of 2 further seeds gave a result; the variation between trainings takes at least 2." in found.notes
    assert not any("seeds=N" in note for note in found.notes)
