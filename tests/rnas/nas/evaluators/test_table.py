"""The table evaluator: conformance, what is a metric, and errors that name the line."""

import gzip
import os
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnas
from rnas import registry
from rnas.errors import InputError
from rnas.nas._problem import problem_of
from rnas.nas.evaluators.evaluator import Context, Status, Task
from rnas.nas.evaluators.table import Table, TableSettings
from rnas.nas.objective import Objective
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.networks.darts_cells import DartsCellNetwork
from rnas.testing.evaluator import EvaluatorConformance
from rnas.testing.strategy import toy_space

TABLE = Path(os.environ.get("RNAS_TEST_DATA", "")) / "nas_robbench_201_cifar10.csv.gz"
SPACE = toy_space("nas-bench-201")

SMALL = """cell,flops_m,Params,accuracy,note,loss,latency
421211,15.644,1.5,0.5,good,2.5,7
334131,113.947,2.5,0.75,,1e-3,8
000000,7.78,0.5,0.1,3 skips,,9
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def table(path: Path, **settings: Any) -> Table:
    return Table(TableSettings(**{"table": path, "architecture": "cell", **settings}), SPACE)


class TestConformance(EvaluatorConformance):
    @pytest.fixture(autouse=True)
    def _write(self, write: Any) -> None:
        self.path = write(SMALL)

    def make(self) -> Table:
        return table(self.path)

    def architectures(self) -> Sequence[Architecture]:
        return [SPACE.parse("334131"), SPACE.parse("421211")]


def test_cells_that_are_numbers_are_metrics(write: Any) -> None:
    rows = table(write(SMALL))
    metrics = [rows.evaluate(Task(SPACE.parse(cell), 0), Context()).metrics for cell in ("421211", "334131", "000000")]
    assert metrics[0] == {"flops_m": 15.644, "Params": 1.5, "accuracy": 0.5, "loss": 2.5, "latency": 7.0}
    assert "loss" not in metrics[2]
    assert all("note" not in row for row in metrics)
    assert rows.bounds["accuracy"] == (0.1, 0.75)
    assert rows.bounds["loss"] == (0.001, 2.5)


def test_costs_are_known_by_name_and_others_by_choice(write: Any) -> None:
    path = write(SMALL)
    cells = [SPACE.parse("000000"), SPACE.parse("333333")]
    assert table(path).known(cells)[0] == {"flops_m": 7.78, "Params": 0.5}
    both = table(path, known=["latency"]).known(cells)
    assert both[0] == {"flops_m": 7.78, "Params": 0.5, "latency": 9.0}
    assert both[1].keys() == both[0].keys()
    assert np.isnan(list(both[1].values())).all()


def test_an_architecture_is_found_in_every_notation(write: Any) -> None:
    rows = table(write("cell,a\n333000,1\n"))
    for genome in ([0, 0, 0, 0, 0, 0], [3, 2, 1, 0, 0, 0]):
        assert rows.evaluate(Task(SPACE.decode(np.array(genome)), 0), Context()).metrics == {"a": 1.0}


def test_an_architecture_without_a_row_fails(write: Any) -> None:
    evaluation = table(write(SMALL)).evaluate(Task(SPACE.parse("333333"), 0), Context())
    assert evaluation.status is Status.FAILED
    assert evaluation.metrics == {}
    assert "table.csv" in evaluation.reason


def test_compressed_tables_and_byte_order_marks_are_read(write: Any) -> None:
    for content, name in ((gzip.compress(SMALL.encode()), "table.csv.gz"), (b"\xef\xbb\xbf" + SMALL.encode(), "t.csv")):
        assert table(write(content, name)).known([SPACE.parse("000000")]) == [{"flops_m": 7.78, "Params": 0.5}]


def test_rows_outside_a_narrowed_space_are_passed_over(write: Any) -> None:
    narrow = toy_space("nas-bench-201", narrow={"in-1": ["none"]})
    path = write("cell,a\n333333,1\n000300,2\n")
    held = Table(TableSettings(table=path, architecture="cell"), narrow)
    assert held.bounds == {"a": (2.0, 2.0)}
    with pytest.raises(InputError, match="none of its architectures is in space"):
        Table(TableSettings(table=write("cell,a\n333333,1\n"), architecture="cell"), narrow)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("cell,a\n421211,1\n334131,2\n421211,3\n", {}, r"line 4: the same architecture as in line 2"),
        ("cell,a\n333000,1\n000000,2\n", {}, r"line 3: the same architecture as in line 2"),
        ("cell,a\n421211,1\n42121,2\n", {}, r"line 3: .*six digits"),
        ("cell,a\n421211,1\n334131\n", {}, r"line 3: 1 cells under a header of 2"),
        ('cell,a\n421211,"1\n', {}, "not a CSV table"),
        ("cell,a\n", {}, "no rows"),
        ("", {}, "no rows"),
        ("cell,a,a\n421211,1,2\n", {}, "twice"),
        (",cell,a\n0,421211,1\n", {}, "column 1 of the header has no name"),
        ("cell, a,a \n421211,1,2\n", {}, "twice"),
        (SMALL, {"architecture": "arch"}, "no column 'arch'; set architecture to one of cell, flops_m"),
        (SMALL, {"known": ["energy"]}, "no column 'energy'"),
        (SMALL, {"known": ["loss"]}, r"line 4: loss is '', not a number"),
        ("cell,a\n000000,1\n421211,2\n333333,0.5x\n", {}, r"line 4: a is '0.5x', not a number"),
        ("cell,a\n000000,1\n421211,2\n333333,1_4\n", {}, r"line 4: a is '1_4', not a number"),
        ("cell,a\n000000,1\n421211,2\n333333,inf\n", {}, r"line 4: a is 'inf', not a number"),
        ("cell,a\n000000,1\n421211,-1.7e308\n", {}, r"line 3: a is -1.7e\+308, beyond 1e\+30; scale it"),
        (b"\x1f\x8bnot gzip", {}, "not a CSV table"),
        (b"cell\n\xff\xfe\n", {}, "not a CSV table"),
    ],
)
def test_what_is_wrong_is_named(write: Any, content: str | bytes, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        table(write(content), **settings)
    assert "table.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv: cannot be read"):
        table(tmp_path / "nowhere.csv")


def test_relative_paths_start_at_the_config(write: Any) -> None:
    path = write(SMALL)
    settings = TableSettings.model_validate(
        {"table": "table.csv", "architecture": "cell"}, context={"folder": path.parent}
    )
    assert settings.table == path.resolve()


@pytest.mark.skipif(not TABLE.is_file(), reason="RNAS_TEST_DATA names no folder with nas_robbench_201_cifar10.csv.gz")
def test_the_real_table_covers_its_space() -> None:
    rows = table(TABLE)
    objectives = [
        Objective(metric="pgd_8", direction="maximize"),
        Objective(metric="flops_m", direction="minimize"),
    ]
    problem = problem_of(SPACE, rows, objectives)
    assert SPACE.enumeration is not None
    known = problem.known(SPACE.enumeration)
    assert sorted(known) == ["flops", "flops_m", "params"]
    assert np.isfinite(known["flops_m"]).all()
    np.testing.assert_allclose(problem.ideal, [-0.48113, 7.78])
    np.testing.assert_allclose(problem.reference, [-0.1, 7.78 + 1.01 * (known["flops_m"].max() - 7.78)])


def test_a_tables_own_costs_stand(write: Any) -> None:
    """Whoever made a table may count FLOPs in another way."""
    evaluator = table(write("cell,flops,a\n000000,7,0.1\n421211,15,0.2\n"))
    space = registry.load(registry.SEARCH_SPACES, "nas-bench-201")
    space = space(space.Settings(), (3, 32, 32), 10)
    problem = problem_of(space, evaluator, [Objective(metric="flops", direction="minimize")])
    genome = space.encode(space.parse("421211"))[None]
    assert problem.known(genome)["flops"].tolist() == [15.0]
    assert problem.known(genome)["params"].tolist() == space.cost(genome).params.tolist()
    assert problem.ideal.tolist() == [7.0]


@pytest.mark.parametrize("strategy", ["random", "nsga2", "surrogate-nsga2", "optuna"])
def test_what_a_table_does_not_hold_is_never_proposed(write: Any, tmp_path: Path, strategy: str) -> None:
    cells = [f"{first}{second}1{third}41" for first in range(5) for second in (1, 2, 4) for third in (2, 3)]
    path = write("cell,accuracy\n" + "".join(f"{cell},{number / 100}\n" for number, cell in enumerate(cells)))
    config = {
        "space": "nas-bench-201",
        "evaluator": {"table": path, "architecture": "cell"},
        "objectives": [{"metric": "accuracy", "direction": "maximize"}, {"metric": "flops", "direction": "minimize"}],
        "strategy": strategy,
        "budget": 20,
    }
    result = rnas.search(config, output=tmp_path / "run")
    assert [record.complete for record in result.records] == [True] * 20


def test_every_notation_of_a_network_finds_its_row(write: Any) -> None:
    """The order of the two edges into a node changes nothing in the network."""
    space = toy_space("darts")
    network = space.decode(space.sample(1, np.random.default_rng(0))[0])
    assert isinstance(network, DartsCellNetwork)
    turned = replace(network, normal=replace(network.normal, nodes=tuple(node[::-1] for node in network.normal.nodes)))
    assert turned != network
    text = arch.to_json(turned).replace('"', '""')
    rows = Table(TableSettings(table=write(f'architecture,accuracy\n"{text}",0.5\n')), space)
    assert rows.evaluate(Task(network, 0), Context()).metrics == {"accuracy": 0.5}


def test_a_small_file_that_decompresses_to_a_huge_line_is_refused_at_once(write: Any) -> None:
    bomb = write(gzip.compress(b"cell,acc\n" + b"x" * 64 * 1024**2))
    assert bomb.stat().st_size < 10**5
    tracemalloc.start()
    with pytest.raises(InputError, match=r"table.csv: not a CSV table .line 2 has more than"):
        table(bomb)
    assert tracemalloc.get_traced_memory()[1] < 16 * 1024**2
    tracemalloc.stop()


def test_a_table_is_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("fifo", "zero", "."):
        with pytest.raises(InputError, match="not a regular file"):
            table(tmp_path / name)


@pytest.mark.parametrize("strategy", ["random", "surrogate-nsga2"])
def test_a_small_table_of_a_huge_space_is_searched_whole(write: Any, tmp_path: Path, strategy: str) -> None:
    space = toy_space("darts")
    assert space.enumeration is None
    texts = [arch.to_json(space.decode(genome)) for genome in space.sample(6, np.random.default_rng(1))]
    rows = "".join('"' + text.replace('"', '""') + f'",{number}\n' for number, text in enumerate(texts))
    config = {
        "space": {"name": "darts", **space.settings.model_dump(mode="json")},
        "evaluator": {
            "table": write(f"architecture,accuracy\n{rows}"),
            "input_shape": space.input_shape,
            "num_classes": space.num_classes,
        },
        "objectives": [{"metric": "accuracy", "direction": "maximize"}],
        "strategy": strategy,
        "budget": 10,
    }
    result = rnas.search(config, output=tmp_path / "run")
    assert sorted(record.metrics["accuracy"] for record in result.records) == [0, 1, 2, 3, 4, 5]
