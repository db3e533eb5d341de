"""Figures show the numbers of a result, in the colours of the reports."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rnas
from rnas.errors import InputError
from rnas.experiments.training.result import TrainingResult
from rnas.nas.result import SearchResult
from rnas.report._palette import palette
from rnas.scaling_rules.findings import Findings
from rnas.statistics.proportions import proportion
from tests.rnas import experiments_small

pyplot = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    pyplot.switch_backend("agg")
    yield
    assert len(pyplot.get_fignums()) <= 1
    pyplot.close("all")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    path = tmp_path_factory.mktemp("drawn") / "run"
    found = rnas.search(space="digits-bench", strategy="random", budget=30, output=path, workers=0)
    # As a search that trains records it.
    provenance = {"data": {"input_shape": [1, 8, 8], "images": {"search_val": 450}}}
    records = [replace(r, evaluation=replace(r.evaluation, provenance=provenance)) for r in found.records]
    return replace(found, records=tuple(records))


@pytest.fixture(scope="module")
def findings(searched: SearchResult) -> Findings:
    return rnas.fit_rule(searched)


def marked(ax, label: str) -> np.ndarray:
    """Places (n, 2) of the markers with a label."""
    [found] = [each for each in ax.collections if each.get_label() == label]
    return np.asarray(found.get_offsets())


def test_the_front_is_drawn_with_its_intervals(searched: SearchResult) -> None:
    _, own = pyplot.subplots()
    ax = searched.plot_front(own)
    assert ax is own
    front = searched.front()
    expected = sorted((r.metrics["flops"], r.metrics["robust_accuracy"]) for r in front)
    assert marked(ax, "front").tolist() == [pytest.approx(point) for point in expected]
    keys = {record.key for record in front}
    assert len(marked(ax, "evaluated")) == sum(record.key not in keys for record in searched.complete)
    assert ax.get_xlabel() == "FLOPs (one 1\u00d78\u00d78 image)"
    assert ax.get_ylabel() == "Robust accuracy"
    assert ax.get_legend() is not None
    [diamonds] = [each for each in ax.collections if each.get_label() == "front"]
    assert colors.to_hex(diamonds.get_facecolor()[0]) == palette(False)["accent"]
    [bars] = [container for container in ax.containers if container.has_yerr]
    drawn = {tuple(segment[:, 1].round(6)) for segment in bars.lines[2][0].get_segments()}
    ends = (proportion(record.metrics["robust_accuracy"], 450) for record in front)
    assert drawn == {(round(share.low, 6), round(share.high, 6)) for share in ends}
    ax.figure.canvas.draw()


def test_other_metrics_and_dark_colours(searched: SearchResult) -> None:
    ax = searched.plot_front(x="params", y="clean_accuracy", dark=True)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Params", "Clean accuracy")
    assert colors.to_hex(ax.get_facecolor()) == palette(True)["paper"]
    ax = searched.plot_front(ax, x="robust_accuracy")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Robust accuracy", "FLOPs (one 1\u00d78\u00d78 image)")
    ax = searched.plot_front(ax, y="flops")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Robust accuracy", "FLOPs (one 1\u00d78\u00d78 image)")
    with pytest.raises(InputError, match=r"^x=nothing: no evaluation has that metric; it is one of robust_accuracy, "):
        searched.plot_front(x="nothing")


def test_the_hypervolume_is_a_share(searched: SearchResult) -> None:
    ax = searched.plot_hypervolume()
    [line] = ax.get_lines()
    raw = np.array(searched.hypervolume())
    ratio = np.asarray(line.get_ydata(), dtype=float)[raw > 0] / raw[raw > 0]
    assert np.allclose(ratio, ratio[0])
    assert list(line.get_xdata()) == list(range(1, len(raw) + 1))
    assert ax.get_ylabel().startswith("Hypervolume, share of ")


def test_a_rule_is_drawn_with_its_intervals_and_what_was_published(findings: Findings) -> None:
    ax = findings.plot_rule()
    quantities = [quantity for family in findings.rules.families for quantity in family.quantities]
    intervals = [list(line.get_xdata()) for line in ax.get_lines()]
    assert intervals == [[quantity.optimum.low, quantity.optimum.high] for quantity in quantities]
    names = [label.get_text().partition(":")[0] for label in ax.get_yticklabels()]
    assert names == [quantity.name for quantity in quantities]
    ax.figure.canvas.draw()


def test_depth_to_width_has_a_point_for_each_evaluation(findings: Findings) -> None:
    ax = findings.plot_depth_to_width()
    assert sum(len(each.get_offsets()) for each in ax.collections) == len(findings.rules.observations)
    assert "RobustScaling, r_D" in " ".join(text.get_text() for text in ax.get_legend().get_texts())
    ax.figure.canvas.draw()


def test_a_training_is_drawn_by_epoch(tmp_path: Path) -> None:
    settings = experiments_small.training(tmp_path / "run").settings
    names = ("val_clean_accuracy", "val_robust_accuracy", "train_robust_accuracy")
    history = [{"epoch": epoch, **dict.fromkeys(names, value)} for epoch, value in ((1, 0.25), (2, 0.5), (3, 0.375))]
    result = TrainingResult(tmp_path / "run", settings, tuple(history), None, None, None)
    ax = result.plot_history()
    [robust] = [line for line in ax.get_lines() if line.get_label() == "robust, val"]
    assert list(robust.get_ydata()) == [0.25, 0.5, 0.375]
    assert "best epoch, 2" in [text.get_text() for text in ax.get_legend().get_texts()]
    empty = TrainingResult(tmp_path / "run", settings, (), None, None, None)
    with pytest.raises(InputError, match="has no epoch yet, so that there is nothing to draw"):
        empty.plot_history()


def test_without_matplotlib_one_line_says_how_to_install_it(
    searched: SearchResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"^matplotlib is not installed: pip install 'rnas\[plot\]'$"):
        searched.plot_front()
