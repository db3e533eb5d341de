"""The comparison of predictors on a table that comes with the package."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "search"


@pytest.fixture
def predictors() -> Iterator[Any]:
    """The file, which imports its neighbours by their names alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield importlib.import_module("predictors")


def test_what_is_measured_of_a_predictor(predictors: Any) -> None:
    table = predictors.BenchmarkTable("digits-bench")
    row = predictors.measured(table, "radial-basis", 100, seed=0)
    assert row["evaluations"] == min(predictors.TESTED, len(table.genomes) - 100)
    assert 0.3 < row["tau"] < 1
    assert -1 < row["top_fifth_tau"] < row["tau"]
    assert 0.75 < row["coverage"] <= 1
    assert row["cpu_s"] > 0


def test_means_are_printed_with_their_intervals(predictors: Any) -> None:
    assert predictors.summary([0.5]) == "0.500"
    assert predictors.summary([0.4, 0.5, 0.6]) == "0.500 ± 0.248"
