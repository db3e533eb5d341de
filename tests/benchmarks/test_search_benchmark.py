"""The comparison of strategies: what it measures, its results file, and that it goes on where it was."""

import importlib
import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.front import hypervolume

FOLDER = Path(__file__).parents[2] / "benchmarks" / "search"
NAS_ROBBENCH = Path(os.environ.get("RNAS_TEST_DATA", "")) / "nas_robbench_201_cifar10.csv.gz"
MODULES = (
    "ablation",
    "benchmark_table",
    "evidence",
    "intervals",
    "measures",
    "noise_predictor",
    "one_search",
    "plain_process",
    "planted_table",
    "proposal_time",
    "strategies",
    "strategy_summary",
)


@pytest.fixture(scope="module")
def benchmark() -> Iterator[Any]:
    """The files of the benchmark by name, imported as they import each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        modules = SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
        modules.noise_predictor.register()
        modules.plain_process.register()
        yield modules


@pytest.fixture(scope="module")
def table(benchmark: Any) -> Any:
    return benchmark.benchmark_table.BenchmarkTable("digits-bench")


@pytest.fixture
def run(benchmark: Any, table: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the command on the table that is at hand, with results in ``results.jsonl``."""
    monkeypatch.setattr(benchmark.strategies, "load_table", lambda name, path: table)

    def run(*words: object) -> None:
        always = ("--table", "digits-bench", "--json", tmp_path / "results.jsonl")
        monkeypatch.setattr(sys, "argv", ["strategies.py", *map(str, (*always, *words))])
        benchmark.strategies.main()

    return run


def parsed(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_comparison_is_measured_shown_and_resumed(run: Any, table: Any, tmp_path: Path) -> None:
    file, readme, figure = tmp_path / "results.jsonl", tmp_path / "README.md", tmp_path / "figure.png"
    readme.write_text("before\n<!-- digits-bench: begin -->\nstale\n<!-- digits-bench: end -->\nafter\n")
    words = ("--strategies", "random", "nsga2:population=8", "--seeds", 2, "--budget", 20)
    run(*words, "--summary", readme, "--figure", figure)
    lines = parsed(file)
    assert [(line["strategy"], line["seed"]) for line in lines] == [
        *(("random", 0), ("random", 1)),
        *(("nsga2:population=8", 0), ("nsga2:population=8", 1)),
    ]
    for line in lines:
        assert (line["table"], line["table_hash"]) == ("digits-bench", table.hash)
        assert (line["budget"], line["batch"], line["failing"], line["noise_predictor"]) == (20, 5, 0.0, False)
        assert line["evaluations"] == 20
        assert line["predictions"] is None
        assert line["cpu_seconds"] >= 0
        evaluations, missing, distance = np.array(line["curve"]).T
        assert evaluations[0] == 1
        assert (np.diff(evaluations) > 0).all()
        assert (np.diff(missing) <= 0).all()
        assert (np.diff(distance) <= 0).all()
        assert 0 <= missing[-1] < 0.5
    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "stale" not in text
    assert "| `nsga2:population=8` |" in text
    assert figure.read_bytes().startswith(b"\x89PNG")

    whole = file.read_bytes()
    run(*words)
    run("--strategies", "--seeds", 9)
    assert file.read_bytes() == whole


def test_what_a_kill_cut_short_is_searched_again(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    words = ("--strategies", "random", "--seeds", 2, "--budget", 10)
    run(*words)
    lines = parsed(file)
    file.write_bytes(file.read_bytes()[:-40])
    run(*words)
    first, cut, again = file.read_text().splitlines()
    assert json.loads(first) == lines[0]
    assert json.loads(again)["curve"] == lines[1]["curve"]
    assert not cut.endswith("}")


def test_a_file_without_markers_is_refused(run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--strategies", "random", "--seeds", 1, "--budget", 5, "--summary", tmp_path / "none.md")
    assert "no lines <!-- digits-bench: begin -->" in capsys.readouterr().err


def test_tables_of_several_columns_have_markers(benchmark: Any, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- t:x+y: begin -->\nstale\n<!-- t:x+y: end -->\nb\n")
    benchmark.strategy_summary.write(readme, "t:x+y", "new")
    assert readme.read_text() == "a\n<!-- t:x+y: begin -->\nnew\n<!-- t:x+y: end -->\nb\n"


def test_the_true_front_is_at_no_distance(benchmark: Any, table: Any) -> None:
    alive = np.zeros(len(table.genomes), dtype=bool)
    front = table.front(alive)
    assert front.min(axis=0).tolist() == [0, 0]
    missing, distance = benchmark.measures.distances(
        np.concatenate([[[np.nan, np.nan]], front[::-1]]), front, table.reference
    )
    assert (missing[0], missing[-1]) == (1, 0)
    assert (distance[0], distance[-1]) == (math.inf, 0)
    everything = table.scaled(np.arange(len(alive)), alive)
    missing, _ = benchmark.measures.distances(everything[:50], front, table.reference)
    reference = table.reference
    share = hypervolume(everything[:50], reference) / hypervolume(front, reference)
    assert missing[-1] == pytest.approx(1 - share)


def test_igd_plus_by_hand(benchmark: Any) -> None:
    front = np.array([[0.0, 1.0], [1.0, 0.0]])
    _, distance = benchmark.measures.distances(
        np.array([[0.3, 1.4], [np.nan, np.nan], [1.0, 0.0]]), front, np.array([1.0, 1.01])
    )
    # The first point is 0.3 and 0.4 worse than (0, 1), and 1.4 worse than (1, 0) in the second objective alone.
    np.testing.assert_allclose(distance, [(0.5 + 1.4) / 2, (0.5 + 1.4) / 2, 0.25])


def test_failing_networks_are_no_part_of_the_front(benchmark: Any, table: Any) -> None:
    failing = benchmark.one_search.fails(table.genomes, 3, 0.2)
    assert 0.1 < failing.mean() < 0.3
    assert (failing == benchmark.one_search.fails(table.genomes, 3, 0.2)).all()
    assert (failing != benchmark.one_search.fails(table.genomes, 4, 0.2)).any()
    points = table.scaled(np.arange(len(failing)), failing)
    assert (np.isnan(points).all(axis=1) == failing).all()
    assert all((point == points).all(axis=1).any() for point in table.front(failing))
    conditions = benchmark.one_search.Conditions(budget=40, failing=0.2)
    strategy = benchmark.one_search.strategy_of("nsga2", table.problem, noise=False)
    found = benchmark.one_search.search(table, strategy, 3, conditions)
    assert (found.failed == failing[found.rows]).all()
    assert found.failed.any()


def test_predictions_are_judged_by_what_came_later(benchmark: Any) -> None:
    true = np.arange(20.0)
    right = benchmark.measures.prequential(true + 0.5, np.ones(20), true)
    assert right == {"evaluations": 20, "tau": 1.0, "top_fifth_tau": 1.0, "coverage": 1.0}
    head = np.concatenate([true[:16], true[:15:-1]])
    wrong = benchmark.measures.prequential(head, np.full(20, 1.0), true)
    assert wrong["top_fifth_tau"] == -1
    assert wrong["coverage"] == 0.9
    assert benchmark.measures.prequential(np.ones(20), np.ones(20), true)["tau"] is None
    assert benchmark.measures.prequential(true[:1], true[:1], true[:1]) is None


def test_a_predictor_of_noise_predicts_nothing(benchmark: Any) -> None:
    features = np.random.default_rng(0).random((500, 6))
    target = features.sum(axis=1)
    fitted = benchmark.noise_predictor.NoisePredictor().fit(features, target)
    mean, std = fitted.predict(features)
    assert abs(benchmark.measures.prequential(mean, std, target)["tau"]) < 0.1
    assert mean.mean() == pytest.approx(target.mean(), rel=0.05)
    assert mean.std() == pytest.approx(target.std(), rel=0.1)
    np.testing.assert_allclose(fitted.predict(features[:3])[0], mean[:3], atol=1e-9)
    again = benchmark.noise_predictor.NoisePredictor().fit(features[1:], target[1:])
    assert abs(again.predict(features)[0] - mean).max() > target.std()


def test_a_surrogate_s_predictions_are_judged(benchmark: Any, table: Any) -> None:
    judged = []
    for noise in (False, True):
        conditions = benchmark.one_search.Conditions(budget=30, batch=10, noise_predictor=noise)
        strategy = benchmark.one_search.strategy_of("surrogate-nsga2:initial=20", table.problem, noise=noise)
        found = benchmark.one_search.search(table, strategy, 0, conditions)
        judged.append(benchmark.measures.measured(table, found, 0, conditions)["predictions"])
        assert judged[-1]["evaluations"] == 10
    assert judged[0] != judged[1]


def test_a_plain_process_learns(benchmark: Any, table: Any) -> None:
    missing = []
    for spec in ("random", "plain-process:one_hot=true"):
        strategy = benchmark.one_search.strategy_of(spec, table.problem, noise=False)
        conditions = benchmark.one_search.Conditions(budget=40)
        found = benchmark.one_search.search(table, strategy, 0, conditions)
        missing.append(benchmark.measures.measured(table, found, 0, conditions)["curve"][-1][1])
    assert missing[1] < 0.6 * missing[0]


def test_pending_results_are_not_seen(benchmark: Any, table: Any) -> None:
    class Watched:
        def __init__(self) -> None:
            self.views: list[tuple[int, int]] = []

        def propose(self, n: int, view: Any, rng: np.random.Generator) -> list[Any]:
            self.views.append((len(view.genomes), len(view.pending)))
            assert {len(column) for column in view.metrics.values()} == {len(view.failed)} == {len(view.genomes)}
            return inner.propose(n, view, rng)

    inner = benchmark.one_search.strategy_of("surrogate-nsga2", table.problem, noise=False)
    conditions = benchmark.one_search.Conditions(budget=18, batch=1, pending=3)
    found = benchmark.one_search.search(table, watched := Watched(), 0, conditions)
    assert watched.views == [(max(n - 3, 0), min(n, 3)) for n in range(18)]
    assert len(set(found.rows.tolist())) == 18


def test_what_is_missing_is_searched_within_the_time(
    benchmark: Any, table: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = benchmark.evidence
    plan = (evidence.Part(("random", "nsga2"), ("digits-bench",), 2, benchmark.one_search.Conditions(budget=10)),)
    file, readme = tmp_path / "results.jsonl", tmp_path / "README.md"
    readme.write_text("".join(f"<!-- {n}: begin -->\n<!-- {n}: end -->\n" for n in ("digits-bench", "overview")))
    monkeypatch.setattr(evidence, "PLAN", plan)
    monkeypatch.setattr(evidence, "load_table", lambda name: table)
    monkeypatch.setattr(evidence, "results_file", lambda name: file)

    def run(minutes: float) -> list[tuple[str, int]]:
        monkeypatch.setattr(sys, "argv", ["evidence.py", "--minutes", str(minutes), "--summary", str(readme)])
        evidence.main()
        return [(line["strategy"], line["seed"]) for line in parsed(file)] if file.exists() else []

    assert run(0) == []
    assert run(60) == run(60) == [("random", 0), ("nsga2", 0), ("random", 1), ("nsga2", 1)]
    assert "| `nsga2` | 2 |" in readme.read_text()


def test_searches_are_compared_with_those_from_the_same_seed(benchmark: Any) -> None:
    lines = [{"seed": seed, "budget": 40, "curve": [[1, missing, None]]} for seed, missing in ((0, 0.2), (1, 0.6))]
    others = [{"seed": seed, "budget": 30, "curve": [[1, missing, None]]} for seed, missing in ((1, 0.3), (0, 0.1))]
    assert benchmark.strategy_summary.paired_ratio(lines, others) == "2.00 [1.99, 2.01], 2"
    assert benchmark.strategy_summary.paired_ratio(lines[:1], others) == "2.00, 1"
    assert benchmark.strategy_summary.paired_ratio(lines, []) == ""


def test_where_the_default_is_behind_is_said(benchmark: Any) -> None:
    def searches(strategy: str, early: float, late: float) -> list[dict[str, Any]]:
        curves = [[[1, early * (1 + seed / 10), None], [100, late * (1 + seed / 10), None]] for seed in range(6)]
        return [{"strategy": strategy, "seed": seed, "budget": 120, "curve": c} for seed, c in enumerate(curves)]

    lines = [*searches("surrogate-nsga2", 0.3, 0.2), *searches("random", 0.4, 0.1), *searches("nsga2", 0.3, 0.2)]
    few = [line for line in searches("smac", 0.4, 0.1) if line["seed"] < 4]
    told = benchmark.strategy_summary.overview({"digits-bench": [*lines, *few], "planted-grid": []})
    assert "\n| digits-bench | indistinguishable | ahead at 20, 30, 50, 75; **behind** at 120 |  |\n" in told
    assert "behind in 1 of 10 comparisons" in told


def test_failures_are_compared_with_fewer_evaluations(benchmark: Any) -> None:
    def search(seed: int, missing: float, **conditions: Any) -> dict[str, Any]:
        curve = [[1, 0.5, None], [110, missing + 0.1, None], [130, missing, None]]
        return {"strategy": "surrogate-nsga2", "seed": seed, "budget": 150, "curve": curve, **conditions}

    lines = [search(0, 0.1), search(1, 0.2), search(0, 0.11, failing=0.2), search(1, 0.23, failing=0.2)]
    told = benchmark.strategy_summary.overview({"digits-bench": lines})
    assert "| digits-bench | -8.00 ± 12.71, 2 |  |" in told


def test_an_ablation_shows_ratios_of_paired_seeds(benchmark: Any) -> None:
    lines = [
        {"table": "t", "strategy": name, "seed": seed, "curve": [[1, missing, None]]}
        for name, seed, missing in (("default", 0, 0.1), ("default", 1, 0.3), ("change", 0, 0.2), ("change", 1, 0.6))
    ]
    row = benchmark.ablation.markdown([*lines, {**lines[2], "seed": 2}]).splitlines()[-1]
    assert row == "| change | 2.00 [1.99, 2.01], 2 | 2.00 [1.99, 2.01], 2 |"


def test_an_ablation_takes_searches_of_the_default_from_the_comparison(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    line = {"table": "t", "table_hash": "h", "strategy": "surrogate-nsga2", "seed": 0, "batch": 5, "budget": 300}
    others = [{**line, "budget": 100}, {**line, "batch": 1}, {**line, "table_hash": "i"}, {**line, "strategy": "nsga2"}]
    file = tmp_path / "t.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in [line, *others]))
    monkeypatch.setattr(benchmark.ablation, "results_file", lambda name: file)
    changed = {**line, "strategy": "change"}
    assert benchmark.ablation.with_default([changed]) == [changed, {**line, "strategy": "default"}]
    own = [changed, {**line, "strategy": "default", "seed": 1}]
    assert benchmark.ablation.with_default(own) == own


def test_a_change_is_made_and_undone(benchmark: Any, table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark.ablation, "CONDITIONS", benchmark.one_search.Conditions(budget=20))
    patches = [patch for change in benchmark.ablation.CHANGES.values() for patch in change.patches.items()]
    assert [name for name, (module, _) in patches if not hasattr(module, name)] == []
    curves = [benchmark.ablation.searched(table, name, 0)["curve"] for name in ("default", "costs are no inputs") * 2]
    assert curves[0] == curves[2] != curves[1] == curves[3]


def test_a_planted_table_is_searched(benchmark: Any) -> None:
    table = benchmark.benchmark_table.load_table("planted-cells")
    accuracy = table.metrics[table.accuracy]
    assert len(accuracy) == len(table.genomes) == 6466
    assert 0.1 < (accuracy == 0.1).mean() < 0.3
    conditions = benchmark.one_search.Conditions(budget=20, noise=0.05)
    strategy = benchmark.one_search.strategy_of("random", table.problem, noise=False)
    found = benchmark.one_search.search(table, strategy, 0, conditions)
    seen = benchmark.one_search.observed(table, found.rows, 0, 0.05)
    assert 0.02 < (seen - accuracy[found.rows]).std() < 0.08
    assert 0 < benchmark.measures.measured(table, found, 0, conditions)["curve"][-1][1] < 0.5


def test_the_time_of_a_proposal_is_measured(benchmark: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(benchmark.proposal_time, "_SPACES", ["planted-cells"])
    monkeypatch.setattr(sys, "argv", ["proposal_time.py", "--records", "30", "40"])
    benchmark.proposal_time.main()
    name, *times = capsys.readouterr().out.splitlines()[-1].strip("| ").split(" | ")
    assert name == "planted-cells"
    assert len([float(seconds) for seconds in times]) == 2


def test_wrong_strategies_are_refused(benchmark: Any, table: Any) -> None:
    for spec, message in (
        ("annealing", "unknown strategy 'annealing'"),
        ("nsga2:population", "write NAME:key=value"),
        ("nsga2:size=4", "no option 'size'; it has population"),
    ):
        with pytest.raises(InputError, match=message):
            benchmark.one_search.strategy_of(spec, table.problem, noise=False)
    with pytest.raises(InputError, match="no option 'predictor'"):
        benchmark.one_search.strategy_of("nsga2", table.problem, noise=True)


def test_evaluations_to_a_level_are_those_of_the_mean(benchmark: Any) -> None:
    missing = np.array([[0.5, 0.03, 0.0, 0.0], [0.5, 0.03, 0.03, 0.0]])
    assert benchmark.intervals.evaluations_to(missing, 0.98) == (3, 3, 4)
    assert benchmark.intervals.evaluations_to(missing[:1], 0.9) == (2, 2, 2)
    assert benchmark.intervals.evaluations_to(missing[:, :2], 0.99) == (3, 3, 3)
    mean, half = benchmark.intervals.mean_interval(np.array([1.0, 2.0, 3.0]))
    assert (float(mean), float(half)) == (2.0, pytest.approx(4.303 / np.sqrt(3), abs=1e-3))


@pytest.mark.slow
@pytest.mark.skipif(
    not NAS_ROBBENCH.is_file(), reason="RNAS_TEST_DATA names no folder with nas_robbench_201_cifar10.csv.gz"
)
def test_recorded_results_are_found_again(benchmark: Any) -> None:
    table = benchmark.benchmark_table.BenchmarkTable("nas-robbench", NAS_ROBBENCH)
    recorded = parsed(FOLDER / "nas_robbench.jsonl")
    conditions = benchmark.one_search.Conditions()
    for spec in ("random", "nsga2"):
        strategy = benchmark.one_search.strategy_of(spec, table.problem, noise=False)
        found = benchmark.one_search.search(table, strategy, 0, conditions)
        curve = benchmark.measures.measured(table, found, 0, conditions)["curve"]
        own = [line for line in recorded if (line["strategy"], line["seed"]) == (spec, 0)]
        assert curve in [line["curve"] for line in own]
