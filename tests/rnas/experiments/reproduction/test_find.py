from pathlib import Path

import pytest

import rnas
from rnas.errors import InputError
from rnas.nas.result import SearchResult


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("{run}", "is a directory; for a member of a run write"),
        ("{run}:nobody", "has no member 'nobody'"),
        ("nowhere:knee", "nowhere is not a search"),
        ("nothing", "nothing names no result; write RUN:KEY"),
        ("{run}/config.yaml", "config.yaml: not valid JSON"),
        ("elsewhere/best.safetensors", "weights of no run"),
    ],
)
def test_words_that_name_no_claim(finished_run: SearchResult, words: str, message: str) -> None:
    assert finished_run.path is not None
    with pytest.raises(InputError, match=message):
        rnas.reproduce(words.format(run=finished_run.path))


def test_wishes_that_cannot_be(finished_run: SearchResult, tmp_path: Path) -> None:
    assert finished_run.path is not None
    result = f"{finished_run.path}:knee"
    with pytest.raises(InputError, match="1 seed: the variation between trainings takes at least 2"):
        rnas.reproduce(result, seeds=1)
    with pytest.raises(InputError, match="exists already; choose another name"):
        rnas.reproduce(result, output=tmp_path)
    with pytest.raises(InputError, match="there is no folder"):
        rnas.reproduce(result, output=tmp_path / "no" / "file.json")
    with pytest.raises(InputError, match="its weights are not there"):
        rnas.reproduce(result, source="checkpoint")
