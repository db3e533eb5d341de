import json
import re
from dataclasses import replace

import numpy as np
import pytest

from rnas.experiments.replications._resolve import resolve_settings
from rnas.experiments.replications.result import judged
from rnas.experiments.replications.settings import ReplicationSettings
from rnas.nas.evaluators.evaluator import Evaluation, Status
from rnas.nas.ledger import Record
from rnas.report.replication import render
from rnas.report.replication_text import estimate_text, notes, setting_sentence, verdict_sentence
from tests.rnas.experiments.replications.simulated import scores


def records(settings: ReplicationSettings, failed: int = 0) -> list[tuple[Record, ...]]:
    """A record for each cell and seed with drawn accuracies; the first cells' first trainings have failed."""
    cells = settings.design()
    values = scores(cells, settings.seeds, 0)
    found = []
    for row, cell in enumerate(cells):
        own = []
        for seed, value in enumerate(np.clip(values[row], 0, 1)):
            lost = row < failed and seed == 0
            metrics = {} if lost else {"test_robust_accuracy": float(value), "test_clean_accuracy": 0.9}
            status = Status.DIVERGED if lost else Status.COMPLETE
            evaluation = Evaluation(status, metrics, seconds=1.0, reason="<loss> is not finite" if lost else "")
            own.append(Record(0, f"key{row}", cell.architecture, seed, {}, 0, 0, evaluation=evaluation))
        found.append(tuple(own))
    return found


@pytest.fixture(scope="module")
def replication() -> dict[str, object]:
    settings = resolve_settings("block-topology", seeds=2)
    return judged(settings, settings.design(), records(settings, failed=2)).content


def test_the_page_holds_the_verdict_and_every_cell(replication: dict[str, object]) -> None:
    json.dumps(replication, allow_nan=False)
    text = render(replication)
    assert text == render(replication)
    assert verdict_sentence(replication) in text
    cells = text.split('id="cells"')[1].split("</table>")[0]
    assert cells.count("<tr") == 1 + 21
    assert "(1 of 2)" in cells
    assert "&lt;loss&gt; is not finite" in text
    assert "<loss>" not in text
    assert "nan" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).lower().split()


def test_a_table_of_networks_has_intervals_and_letters() -> None:
    settings = resolve_settings("robust-generalisation", seeds=3)
    drawn = [
        [
            replace(one, evaluation=replace(one.evaluation, metrics=dict.fromkeys(settings.definition.columns, value)))
            for one, value in zip(own, (0.3 + place / 10 + seed / 100 for seed in range(3)), strict=True)
        ]
        for place, own in enumerate(records(settings)[:8])
        if all(one.evaluation is not None for one in own)
    ]
    content = judged(settings, settings.design(), drawn).content
    json.dumps(content, allow_nan=False)
    text = render(content)
    cells = text.split('id="cells"')[1]
    assert "indistinguishable at 95 % over all pairs (Tukey)" in cells
    assert cells.index("densenet-121") < cells.index("vit")
    assert "worst case" in cells
    correlations = content["claims"][-2:]
    assert [claim["unit"] for claim in correlations] == ["tau", "tau"]
    assert all(claim["low"] >= -1 and claim["high"] <= 1 for claim in correlations if claim["low"] is not None)


def test_the_words(replication: dict[str, object]) -> None:
    assert "21 cells, 2 seeds each, 42 trainings, 2 of which gave no result" in setting_sentence(replication)
    verdicts = {"supported": 0, "contradicted": 0, "not decided by these data": 0}
    for claim in replication["claims"]:
        verdicts[claim["verdict"]] += 1
    assert f"{verdicts['not decided by these data']} not decided" in verdict_sentence(replication)
    part = dict(replication) | {"verdict": "contradicted"}
    part["claims"] = [{"verdict": "contradicted"}, {"verdict": "supported"}]
    assert verdict_sentence(part) == ("These data contradict a part of it. Of 2 claims: 1 supported, 1 contradicted.")
    assert estimate_text({"value": None, "reason": "no cells"}).endswith("no cells")


def test_networks_that_have_not_learned_are_pointed_out(replication: dict[str, object]) -> None:
    assert not any("learned the task" in note for note in notes(replication))
    cells = [dict(cell) for cell in replication["cells"]]
    cells[3]["scores"] = cells[3]["scores"] | {"test_clean_accuracy": [0.3, None]}
    assert any("clean accuracy is from 30% to 90%" in note for note in notes(replication | {"cells": cells}))


def test_a_subset_is_called_one() -> None:
    settings = resolve_settings("depth-grid", seeds=1, cells=10)
    part = judged(settings, settings.design(), records(settings)).content
    assert "10 of 27 cells, a stratified random subset" in setting_sentence(part)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["depth-grid", "robust-res-block", "activations"])
def test_the_figure_is_drawn_under_the_page_s_policy(name: str, opened) -> None:
    settings = resolve_settings(name, seeds=2)
    page = opened(render(judged(settings, settings.design(), records(settings)).content))
    assert page.requests == []
    assert page.complaints == []
    plot = page.elements.split('id="replication-plot"')[1].split("</figure>")[0]
    assert plot.count('<path class="point') == len(settings.design())
