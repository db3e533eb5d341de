from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from rnas.report._palette import palette
from rnas.report._rules_figures import depth_to_width_figure, flops_bands, shares_figure, smoothed
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.ranking import RankedShares, rank
from tests.rnas.scaling_rules.grids import depth_grid, design, small_grid, width_grid


def ranked(observations: Observations) -> RankedShares:
    ranking = rank(observations)
    found = ranking.depth or ranking.width
    assert found is not None
    return found


def traces(figure: go.Figure, name: str, xaxis: str | None = None) -> list[Any]:
    return [trace for trace in figure.data if trace.name == name and xaxis in (None, trace.xaxis)]


def texts(figure: go.Figure) -> str:
    layout = figure.layout
    titles = [layout.title.text, layout.title.subtitle.text]
    axes = [axis.title.text for axis in (*figure.select_xaxes(), *figure.select_yaxes())]
    return " | ".join(str(text) for text in (*titles, *axes, *(note.text for note in layout.annotations)) if text)


@pytest.fixture(scope="module")
def depths() -> RankedShares:
    grid = depth_grid()
    return ranked(grid.with_score(0.5 - 0.001 * grid.depths[:, 2] + 1e-5 * grid.depths[:, 0]))


def test_bars_are_the_shares_of_each_level(depths: RankedShares) -> None:
    figure = shares_figure(depths)
    for panel, group in (("x", "top"), ("x3", "bottom")):
        stages = [traces(figure, f"Stage {stage}", panel) for stage in (1, 2, 3)]
        for stage, (bar,) in enumerate(stages):
            assert list(bar.x) == [level.low for level in depths.levels]
            assert list(bar.y) == [getattr(level, group).shares[stage] for level in depths.levels]
    assert figure.layout.barmode == "stack"
    scores = [trace for trace in figure.data if trace.name == "Mean score"]
    assert list(scores[0].y) == [level.top.score for level in depths.levels]
    assert list(scores[2].y) == [level.bottom.score for level in depths.levels]
    low, high = figure.layout.yaxis4.range
    assert low < min(scores[2].y) < max(scores[0].y) < high


def test_levels_without_a_uniform_network_are_gaps(depths: RankedShares) -> None:
    (bar,) = traces(shares_figure(depths), "Stage 1", "x2")
    assert dict(zip(bar.x, bar.y, strict=True))[9] == pytest.approx(1 / 3)
    assert dict(zip(bar.x, bar.y, strict=True))[10] is None


def test_everything_is_named(depths: RankedShares) -> None:
    assert depths.tau is not None
    text = texts(shares_figure(depths))
    assert "Shares of depth by total depth" in text
    assert "Total depth (blocks)" in text
    assert "Share of total depth" in text
    assert "Robust accuracy" in text
    assert (
        f"332 networks in 20 levels of total depth, ranked in each by robust accuracy; Kendall's τ of total depth and "
        f"robust accuracy {depths.tau:.2f}" in text
    )
    assert "Top tenth, on average" in text
    grid = width_grid()
    wide = shares_figure(ranked(grid.with_score(grid.widths[:, 1])))
    assert "Total width (multiples of 16, 32 and 64 channels)" in texts(wide)


@pytest.mark.parametrize(
    ("grid", "name", "heights"),
    [
        (depth_grid, "RobustScaling, 2 : 2 : 1", (0.4, 0.8)),
        (width_grid, "RobustScaling, 2 : 2.5 : 1", (4 / 11, 9 / 11)),
    ],
)
def test_published_shares_are_dashed_lines_with_a_name(grid: Any, name: str, heights: tuple[float, float]) -> None:
    observations = grid()
    lines = traces(shares_figure(ranked(observations.with_score(observations.flops))), name, "x")
    assert [line.y[0] for line in lines] == pytest.approx(heights)
    assert all(line.y[0] == line.y[1] and line.line.dash == "dash" for line in lines)
    assert [line.showlegend for line in lines] == [True, False]


def test_nothing_is_published_for_two_stages() -> None:
    grid = small_grid((1, 2, 3, 4, 5), 2)
    figure = shares_figure(ranked(grid.with_score(grid.depths[:, 0])))
    assert {trace.name for trace in figure.data} == {"Stage 1", "Stage 2", "Mean score"}
    assert not depth_to_width_figure(grid).layout.shapes
    assert "multiples of 16 and 32 channels" in texts(depth_to_width_figure(grid))


def test_bins_are_as_wide_as_their_totals_and_named_by_their_ends() -> None:
    rng = np.random.default_rng(0)
    widths = rng.integers(16, 320, (60, 3)) / 16
    levels = ranked(design(np.ones((60, 3)), widths).with_score(rng.random(60)))
    figure = shares_figure(levels)
    (bar,) = traces(figure, "Stage 1", "x")
    assert bar.text[0] == f"{levels.levels[0].low:g} to {levels.levels[0].high:g}"
    assert len(bar.x) == 6
    for level, place, width in zip(levels.levels, bar.x, bar.width, strict=True):
        assert place - width < level.low < level.high < place + width
    assert bar.x[0] - bar.width[0] / 0.9 / 2 == pytest.approx(levels.levels[0].low)
    assert bar.x[-1] + bar.width[-1] / 0.9 / 2 == pytest.approx(levels.levels[-1].high)
    assert bar.x[0] + bar.width[0] / 2 < bar.x[1] - bar.width[1] / 2
    assert "60 networks in 6 bins of total width" in texts(figure)
    assert "Uniform: no network" in texts(figure)


def test_bars_of_totals_that_are_two_apart_are_two_wide() -> None:
    grid = width_grid()
    (bar,) = traces(shares_figure(ranked(grid.with_score(grid.flops))), "Stage 1", "x")
    assert list(bar.width) == pytest.approx([1.8] * len(bar.x))
    assert list(bar.x[:3]) == [16, 18, 20]


def sweep() -> Observations:
    """Eight settings of r_D from .3 to .9 at each of two budgets."""
    totals = np.linspace(0.3, 0.9, 8)
    depths = np.tile(np.column_stack([20 * totals] * 3), (2, 1))
    widths = np.tile(np.column_stack([20 * (1 - totals)] * 3), (2, 1))
    observations = design(depths, widths)
    flops = np.repeat([1e9, 2e9], 8) * np.tile([1, 1.02], 8)
    return Observations(
        "robust_accuracy", 0.5 - np.tile((totals - 0.6) ** 2, 2), depths, widths, flops, flops, {}, observations.keys
    )


def test_a_line_for_each_budget_over_r_d() -> None:
    figure = depth_to_width_figure(sweep())
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [line.name for line in lines] == ["1G to 1.02G FLOPs", "2G to 2.04G FLOPs"]
    assert list(lines[0].x) == pytest.approx(np.linspace(0.3, 0.9, 8))
    assert lines[0].y[4] == pytest.approx(max(lines[0].y))
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert sum(len(trace.x) for trace in points) == 16
    assert points[0].text[0].startswith("D = 6,6,6; W = 14,14,14; 1G FLOPs")
    (line,) = figure.layout.shapes
    assert line.x0 == line.x1 == pytest.approx(0.7)
    text = texts(figure)
    assert "RobustScaling, r<sub>D</sub> .70" in text
    assert "ΣD / (ΣD + ΣW), D in blocks, W in multiples of 16, 32 and 64 channels" in text
    assert figure.layout.yaxis.title.text == "Robust accuracy"


def test_bands_are_budgets_or_equal_numbers() -> None:
    budgets = flops_bands(np.array([1e9, 2.1e9, 1.1e9, 2e9, 5e9, 1e9, 1.2e9, 2e9, 2e9]))
    assert [sorted(rows.tolist()) for rows in budgets] == [[0, 2, 5, 6], [1, 3, 7, 8], [4]]
    spread = np.random.default_rng(0).permutation(np.geomspace(1e6, 1e9, 90))
    bands = flops_bands(spread)
    assert [len(rows) for rows in bands] == [23, 23, 22, 22]
    assert all(spread[low].max() < spread[high].min() for low, high in pairwise(bands))
    assert [len(rows) for rows in flops_bands(np.geomspace(1e6, 1e9, 15))] == [15]


def test_neighbours_are_averaged() -> None:
    assert smoothed(np.array([0.5, 0.4, 0.5]), np.array([1.0, 4.0, 3.0])) == ([0.4, 0.5], [4, 2])
    x = np.arange(100.0)
    along, means = smoothed(x, 2 * x)
    assert len(along) == 10
    assert along[0] == 4.5
    assert means == [2 * place for place in along]


def test_light_and_dark(depths: RankedShares) -> None:
    for figure in (shares_figure, lambda ranked, dark=False: depth_to_width_figure(sweep(), dark)):
        light, dark = figure(depths), figure(depths, dark=True)
        assert light.layout.paper_bgcolor == palette(False)["paper"] == "#fff"
        assert dark.layout.paper_bgcolor == palette(True)["paper"] != "#fff"
        assert dark.layout.title.font.color == palette(True)["ink"]
        assert len(light.data) == len(dark.data)
