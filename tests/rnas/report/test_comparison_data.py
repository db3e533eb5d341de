import base64
import json
import zlib
from typing import Any

import pytest

from rnas.experiments.comparison.result import compared
from rnas.report._comparison_data import comparison_data
from tests.rnas.experiments.comparison.records import records, settings

ROW = {"network": "wrn-28-10", "training": "TRADES", "source": "Table 2", "note": "", "cw40": None, "autoattack": None}
NUMBERS = {"clean": {"mean": 84.0, "spread": None}, "pgd20": {"mean": 56.0, "spread": 0.2}}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    chosen = settings(tmp_path_factory.mktemp("networks"), seeds=2)
    found = compared(chosen, records(chosen, [0.3, 0.9, 0.6], failed=(2,))).content
    return {**found, "published": [{**ROW, **NUMBERS, "params_millions": "36.5", "flops_billions": "5.20"}]}


def metric(data: dict[str, Any], name: str) -> Any:
    return next(metric for metric in data["metrics"] if metric["name"] == name)


def test_every_measured_column_is_an_axis_with_its_intervals(content: dict[str, Any]) -> None:
    data = comparison_data(content)
    main = data["metrics"][data["axes"]["y"]]
    assert main["name"] == "worst case, best checkpoint"
    scores = [
        column for column in content["columns"] if (column["checkpoint"], column["attack"]) == ("best", "worst case")
    ]
    assert main["values"] == [score["mean"] for score in scores[0]["networks"]]
    assert set(main["intervals"]) == {0, 1}
    assert data["metrics"][data["axes"]["x"]]["values"] == [one["flops"] for one in content["networks"]]
    assert not any(metric["direction"] for metric in data["metrics"])


def test_published_numbers_stand_at_the_printed_cost(content: dict[str, Any]) -> None:
    data = comparison_data(content)
    [row] = data["published"]
    values = dict(zip((metric["name"] for metric in data["metrics"]), row["values"], strict=True))
    assert {name: value for name, value in values.items() if value is not None} == {
        "flops": 5.2e9,
        "params": 36.5e6,
        "clean, best checkpoint": 0.84,
        "PGD-20, best checkpoint": 0.56,
    }


def test_the_first_training_with_a_result_is_what_is_exported(content: dict[str, Any]) -> None:
    [part] = comparison_data(content)["details"]["parts"]
    told = json.loads(zlib.decompress(base64.b64decode(part)))
    keys = [one["key"] for one in content["networks"]]
    assert told["source"] == [
        f"{{}}/trainings/{key}-seed-{seed}/best.safetensors" for key, seed in zip(keys, (0, 0, 1), strict=True)
    ]
    assert dict(told["record"][2])["trainings"] == "seed 0 diverged, seed 1 complete"
