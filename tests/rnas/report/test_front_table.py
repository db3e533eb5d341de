import csv
import io
import json

import pytest
from rich.console import Console

from rnas.report._front_table import blocks, pareto_csv
from rnas.report._html import render
from rnas.report._terminal import print_blocks


def printed(run, width=100, terminal=True):
    console = Console(width=width, file=io.StringIO(), force_terminal=terminal, color_system=None)
    print_blocks(console, blocks(run))
    return console.file.getvalue()


def test_table_shows_every_member_with_search_test_drop_and_interval(trained_run):
    text = printed(trained_run, width=80)
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    for evaluation in trained_run["evaluations"]:
        if evaluation["key"] in trained_run["front"]:
            metrics = evaluation["metrics"]
            line = lines[evaluation["key"]].replace("\u00a0", " ")
            assert f"{100 * metrics['robust_accuracy']:.1f} %" in line
            assert f"{100 * metrics['test_robust_accuracy']:.1f} %" in line
            assert " to " in line
    assert "drop" in text
    assert "1\u00d78\u00d78 image" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_markup_in_a_run_is_printed_as_it_is(trained_run):
    for evaluation in trained_run["evaluations"]:
        evaluation["architecture"] = {"kind": "[red]x[/red]"}
    assert "[red]x[/red]" in printed(trained_run)


def test_table_of_a_run_without_a_front_has_its_headings(run_of):
    assert "accuracy" in printed(run_of(0))


def test_csv_holds_objectives_metrics_and_parameters(trained_run):
    rows = list(csv.DictReader(io.StringIO(pareto_csv(trained_run))))
    assert {row["key"] for row in rows} == set(trained_run["front"])
    assert list(rows[0])[:3] == ["key", "robust_accuracy", "flops"]
    records = {evaluation["key"]: evaluation for evaluation in trained_run["evaluations"]}
    for row in rows:
        record = records[row["key"]]
        assert {name: float(row[name]) for name in record["metrics"]} == pytest.approx(record["metrics"], rel=0)
        assert {name: int(row[name]) for name in record["parameters"]} == record["parameters"]


def test_csv_keeps_a_variable_and_a_metric_of_one_name_apart(table_run):
    for evaluation in table_run["evaluations"]:
        evaluation["parameters"] = {"pgd_8": "a,b", "key": 1}
    row = next(csv.DictReader(io.StringIO(pareto_csv(table_run))))
    assert (row["parameter:pgd_8"], row["parameter:key"]) == ("a,b", "1")
    assert float(row["pgd_8"]) > 0
    assert row["key"] in table_run["front"]


def test_csv_leaves_missing_values_empty(table_run):
    table_run["evaluations"][0]["metrics"]["clean"] = 1.0
    rows = list(csv.DictReader(io.StringIO(pareto_csv(table_run))))
    assert {row["clean"] for row in rows} <= {"", "1.0"}
    assert "" in {row["clean"] for row in rows}


def test_csv_has_no_formulas(table_run):
    for evaluation in table_run["evaluations"]:
        evaluation["metrics"]["=cmd|' /C calc'!A0"] = -1.0
    row = next(csv.DictReader(io.StringIO(pareto_csv(table_run))))
    assert row["'=cmd|' /C calc'!A0"] == "-1.0"


def test_a_file_has_whole_architectures_and_a_terminal_one_line_each(trained_run):
    for evaluation in trained_run["evaluations"]:
        evaluation["architecture"] = {"kind": "mine", "cells": list(range(100))}
    whole = "mine " + json.dumps({"cells": list(range(100))})
    assert printed(trained_run, terminal=False).count(whole) == len(trained_run["front"])
    assert whole not in printed(trained_run)


def test_the_knee_is_marked_and_explained(trained_run):
    knee = trained_run["front"][1]
    text = printed({**trained_run, "knee": knee}, terminal=False)
    assert f"{knee} knee" in text
    assert "The knee is the member farthest from" in text
    assert "knee" not in printed(trained_run, terminal=False)
    assert f">{knee}</a><small>knee</small>" in render({**trained_run, "knee": knee})


@pytest.mark.parametrize(
    ("clean", "said"), [(0.1, "None of the 41 evaluated networks is above chance (10 %)"), (0.9, "")]
)
def test_a_search_at_chance_says_so(trained_run, clean, said):
    for evaluation in trained_run["evaluations"]:
        if evaluation["metrics"]:
            evaluation["metrics"]["clean_accuracy"] = clean
    run = {**trained_run, "num_classes": 10}
    for text in (printed(run, terminal=False), render(run)):
        assert said in text
        assert ("above chance" in text) is bool(said)


def test_members_at_chance_are_named(trained_run):
    key = trained_run["front"][0]
    for evaluation in trained_run["evaluations"]:
        if evaluation["key"] == key:
            evaluation["metrics"]["clean_accuracy"] = 0.1
    text = printed({**trained_run, "num_classes": 10}, terminal=False)
    assert f"{key} is not above chance (10 %): its rank means nothing" in text


def test_numbers_on_search_and_test_images_are_explained(trained_run, table_run):
    assert "drop is how many points it is lower there" in printed(trained_run, terminal=False)
    assert "drop" not in printed(table_run)
