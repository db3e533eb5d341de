"""A whole search over the table of digits, from the space's name alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rnas


@pytest.mark.slow
def test_a_search_ends_resumes_and_reports(tmp_path: Path, command: Callable[..., Any]) -> None:
    run = tmp_path / "run"
    first = command("search", "--space", "digits-bench", "--budget", 40, "--output", run)
    assert first.code == 0, first.err
    assert "FLOPs are those of one 1\u00d78\u00d78 image" in first.out
    second = command("resume", run, "--budget", 60)
    assert second.code == 0, second.err
    assert len(rnas.Search.open(run).result().complete) == 60
    assert "no evidence about natural images" in (run / "report.html").read_text()


def test_the_space_is_shown_at_its_own_images(command: Callable[..., Any]) -> None:
    assert "FLOPs at 1x8x8" in " ".join(command("spaces", "digits-bench").out.split())
