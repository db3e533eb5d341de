import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rnas.experiments.comparison.result import compared
from rnas.networks import architecture as arch
from rnas.networks.zoo import find
from rnas.report._comparison_tables import FORMS, is_scaled, measured_table
from tests.rnas.experiments.comparison.records import records, settings

PUBLISHED = {
    "network": "wrn-28-10",
    "training": "TRADES & 100 epochs",
    "source": "a paper, table 1_a",
    "params_millions": "36.5",
    "flops_billions": "5.20",
    "clean": {"mean": 84.62, "spread": 0.06},
    "pgd20": {"mean": 55.9, "spread": None},
    "cw40": None,
    "autoattack": None,
    "note": "",
}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    chosen = settings(tmp_path_factory.mktemp("networks"))
    return {**compared(chosen, records(chosen, [0.3, 0.9, 0.6])).content, "published": [PUBLISHED]}


def test_markdown(content: dict[str, Any]) -> None:
    text = FORMS["md"](content)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [row.count("|") for row in rows[:10]] == [10] * 10
    assert rows[2].startswith("| resnet-18 (scaled) |")
    assert re.search(r"\| best \| 100\.00 ± \u2013 \| \d\d\.\d\d ± \d+\.\d\d\u2020 a \|", rows[2])
    gaps = [row.split(" | ") for row in rows if "smallest gap detected with 80% power, points" in row]
    assert [gap[5:7] for gap in gaps] == [["best", "\u2013"], ["last", "\u2013"]]
    assert all(float(gap[7]) > 0 for gap in gaps)
    assert "published" in text.lower()
    assert "not measured here" in text
    assert "| wrn-28-10 | TRADES \\& 100 epochs | 36.5 | 5.20 | 84.62 ± 0.06 | 55.90 |" in text
    assert "\\<device\\>" in text
    unflagged = FORMS["md"]({**content, "flags_looked_for": False})
    assert ("were not checked" in text, "were not checked" in unflagged) == (False, True)


def test_latex(content: dict[str, Any], tmp_path: Path) -> None:
    text = FORMS["tex"](content)
    assert "TRADES \\& 100 epochs" in text
    assert "table 1\\_a" in text
    assert "100.00{\\footnotesize\\,$\\pm$ --} &" in text
    for line in text.splitlines():
        if line.endswith(r" \\"):
            assert line.replace(r"\&", "").count("&") in (8, len(PUBLISHED) - 2)
    assert text.count("\\toprule") == text.count("\\bottomrule") == 2
    if shutil.which("pdflatex"):
        page = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}" + text + "\\end{document}"
        (tmp_path / "page.tex").write_text(page)
        subprocess.run(["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, check=True, capture_output=True)


def test_csv(content: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMS["csv"](content))))
    assert [(row["network"], row["checkpoint"]) for row in rows[:2]] == [("resnet-18", "best"), ("resnet-18", "last")]
    assert len(rows) == 6
    main = next(column for column in content["columns"] if column["attack"] == "worst case")
    assert float(rows[0]["worst_case_mean"]) == main["networks"][1]["mean"]
    assert rows[0]["worst_case_group"] == "a"


def test_every_form_has_the_caveats(content: dict[str, Any]) -> None:
    guessing = json.loads(json.dumps({**content, "flags_looked_for": False}))
    for column in guessing["columns"]:
        column["networks"][0]["mean"] = 0.1
    for form in ("md", "tex"):
        text = FORMS[form](guessing).replace("\\%", "%").replace("\\", "")
        assert "small is not above chance (10 %): its rank means nothing" in text
        assert "were not checked for signs of overestimated robustness" in text
        assert "Digits are 8x8 grey scans" in text
        assert "wrn-28-10 (scaled)" in text.replace("{footnotesize,", " ")
        assert "only 2 degrees of freedom, from 2 seeds of 3 networks" in text
    assert "\\label{tab:robust-accuracy}" in FORMS["tex"](guessing)


def test_every_form_says_what_searches_have_cost(content: dict[str, Any]) -> None:
    cost = {"images_forward": 12_300, "images_backward": 4_000_000, "device_seconds": 200.0}
    networks = [{**one, "search_cost": None} for one in content["networks"]]
    for form in ("md", "tex"):
        assert "Cost of the searches" not in FORMS[form]({**content, "networks": networks})
    networks[1]["search_cost"] = cost
    said = "resnet-18 12.3K forward, 4M backward and 3 min; that of the other networks is not known here."
    for form in ("md", "tex"):
        text = " ".join(FORMS[form]({**content, "networks": networks}).split()).replace("\\-", "-")
        assert said in text, form


def test_a_network_at_its_published_flops_is_not_called_scaled() -> None:
    own = find("wrn-28-10")
    network = {"name": own.name, "key": arch.key(own.network), "scaling": "some knob"}
    assert not is_scaled(network)
    assert is_scaled({**network, "key": "another"})
    assert not is_scaled({**network, "name": "mine", "key": "another", "scaling": "as it is"})


@pytest.mark.parametrize(("mean", "cut"), [(0.1, True), (0.104, False), (0.95, True), (0.5, False)])
def test_an_interval_that_is_cut_is_marked(content: dict[str, Any], mean: float, cut: bool) -> None:
    score = {"mean": mean, "half_width": 0.104, "low": max(mean - 0.104, 0.0), "high": 1.0, "group": ""}
    narrow = {**content, "columns": [{**column, "networks": [score] * 3} for column in content["columns"]]}
    table = measured_table(narrow)
    assert ("\u2020" in str(table.body[0][-2])) is cut
    # The unit is said where the numbers are.
    assert table.headings[-2] == "worst case %"
    assert table.foot[0][0].text.endswith("points")
