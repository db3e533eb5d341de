"""``rnas tables``."""

import json
from collections.abc import Callable
from typing import Any

import pytest

NAMES = ("nares", "nas-bench-201-robustness", "nas-robbench-201")


def test_the_list_names_every_table(command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    result = command("tables")
    assert result.code == 0
    rows = [line.split()[0] for line in result.out.splitlines() if line and not line.startswith(" ")]
    assert [row for row in rows if row in NAMES] == list(NAMES)


def test_one_table_is_shown_with_its_licence_and_how_to_search_it(command: Callable[..., Any]) -> None:
    result = command("tables", "nas-robbench-201")
    assert result.code == 0
    for words in ("CC BY-SA 4.0", "ICLR 2024", "--space nas-bench-201 --set evaluator.nas-robbench-201=PATH"):
        assert words in result.out
    assert json.loads(command("tables", "nares", "--json").out)["space"] == "nares"


def test_a_table_that_is_not_known_is_refused(command: Callable[..., Any]) -> None:
    result = command("tables", "nasbench")
    assert result.code == 2
    assert "there is no public table 'nasbench'; known are nares, " in result.err
