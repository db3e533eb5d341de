"""Rows that hold intervals become columns of a table."""

from rnas.nas.fidelity_study import FidelityResult
from rnas.nas.rung_quality import RungQuality
from rnas.statistics.interval import Interval
from rnas.utils._tabular import flat_row


def test_values_that_are_mappings_become_columns() -> None:
    row = {"name": "tau", "optimum": {"value": 0.5, "low": 0.25, "high": 0.75}, "noise": None}
    assert flat_row(row) == {"name": "tau", "optimum": 0.5, "optimum_low": 0.25, "optimum_high": 0.75, "noise": None}


def test_a_study_of_rungs_has_a_row_for_each_rung_and_band() -> None:
    tau = Interval(0.5, 0.25, 0.75)
    quality = RungQuality(0, (1e6, 2e6), 10, tau, None, None, tau, tau)
    study = FidelityResult("robust_accuracy", ({}, {}), (0.5, 1.0), 0.5, 1, 10, 0, (quality,), ())
    [row] = study.rows()
    assert (row["rung"], row["tau"], row["recall_high"], row["ceiling"]) == (0, 0.5, 0.75, None)
