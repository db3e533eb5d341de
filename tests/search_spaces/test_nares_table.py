"""The reader of NARes: metrics, rungs from histories, and one line on what is wrong in a file."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnas
from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.networks.architecture import Architecture
from rnas.testing.evaluator import EvaluatorConformance
from rnas.testing.strategy import toy_space
from search_spaces import nares_file
from search_spaces.nares_table import NAResTable, NAResTableSettings
from tests.search_spaces.published_tables import nares_file as write_nares
from tests.search_spaces.published_tables import nares_record, write_lines

SPACE = toy_space("nares")
NETWORKS = (((4, 4, 4), (8, 8, 8)), ((11, 4, 4), (8, 8, 16)), ((7, 9, 7), (16, 10, 12)))


def record(**changes: Any) -> dict[str, Any]:
    return {**nares_record(1, *NETWORKS[0], 30.0, SPACE), **changes}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = [nares_record(n, *network, 30.0 + n, SPACE) for n, network in enumerate(NETWORKS)]
    return write_lines(tmp_path_factory.mktemp("nares") / "cifar10.jsonl", records)


def table(path: Path, **settings: Any) -> NAResTable:
    return NAResTable(NAResTableSettings(nares=path, **settings), SPACE)


class TestConformance(EvaluatorConformance):
    @pytest.fixture(autouse=True)
    def _path(self, path: Path) -> None:
        self.path = path

    def make(self) -> NAResTable:
        return table(self.path, rungs=[10])

    def architectures(self) -> Sequence[Architecture]:
        return [SPACE.parse("D 4-4-4 W 8-8-8"), SPACE.parse("D 7-9-7 W 16-10-12")]


def test_metrics_are_those_of_the_best_epoch(path: Path) -> None:
    metrics = table(path).evaluate(Task(SPACE.parse("D 7-9-7 W 16-10-12"), 0), Context()).metrics
    assert metrics == pytest.approx(
        {
            "robust_accuracy": 0.32,
            "cw_accuracy": 0.31,
            "clean_accuracy": 0.72,
            "train_accuracy": 0.52,
            "perturbation_stability": 0.32,
            "empirical_lipschitz": 3.5,
            "val_loss": 1.5,
            "train_loss": 2 - 0.89,
            "test_clean_accuracy": 0.8,
            "test_robust_accuracy": 0.5,
            "test_cw_accuracy": 0.48,
            "test_fgsm_accuracy": 0.56,
            "test_apgd_accuracy": 0.46,
            "test_perturbation_stability": 0.7,
            "test_empirical_lipschitz": 3.3,
            "test_corruption_accuracy": 0.77,
        }
    )


def test_a_rung_has_the_best_epoch_so_far_and_no_test_metrics(path: Path) -> None:
    evaluator = table(path, rungs=[10, 50])
    assert [rung.share for rung in evaluator.rungs] == [0.1, 0.5, 1.0]
    task = Task(SPACE.parse("D 4-4-4 W 8-8-8"), 0, evaluator.rungs[0].fidelity)
    found = evaluator.evaluate(task, Context())
    assert found.metrics["robust_accuracy"] == pytest.approx(0.30 * (0.2 + 0.8 * 9 / 89))
    assert not [name for name in found.metrics if name.startswith("test_")]
    assert [point["epoch"] for point in found.curve] == list(range(1, 11))


def test_what_was_measured_on_the_test_split_is_no_objective(path: Path, tmp_path: Path) -> None:
    objectives = [{"metric": "test_robust_accuracy", "direction": "maximize"}]
    with pytest.raises(InputError, match=r"states no metric 'test_robust_accuracy'; it states .*robust_accuracy"):
        rnas.search(
            space="nares", evaluator={"nares": str(path)}, objectives=objectives, budget=2, output=tmp_path / "run"
        )


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_costs_are_compared_with_the_networks(tmp_path: Path, unit: float) -> None:
    right = [nares_record(n, *network, 30.0, SPACE) for n, network in enumerate(NETWORKS)]
    for one in right:
        one["MACs"], one["Params"] = one["MACs"] * unit, one["Params"] * unit
    assert len(table(write_lines(tmp_path / "right.jsonl", right)).held) == len(NETWORKS)
    right[2]["Params"] *= 1.1
    with pytest.raises(InputError, match=r"line 3: .* the network D 7-9-7 W 16-10-12 has 16.7G and 95.7M"):
        table(write_lines(tmp_path / "wrong.jsonl", right))


def test_the_spaces_costs_are_those_of_the_published_example() -> None:
    cost = SPACE.parse("D 7-9-7 W 16-10-12").cost((3, 32, 32), 10)
    assert (cost.params, cost.flops) == (95_710_426, 16_688_537_088)
    assert layer_by_layer((7, 9, 7), (16, 10, 12)) == (95_710_426, 16_688_537_088)


def layer_by_layer(depths: Sequence[int], widths: Sequence[int]) -> tuple[int, int]:
    """Return params and multiply-accumulates of a pre-activation WideResNet on images of 32x32, one layer at a time."""
    params, macs, inputs, side = 3 * 16 * 9, 3 * 16 * 9 * 32**2, 16, 32
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        planes = 16 * 2**stage * width
        for block in range(depth):
            stride = 2 if stage and not block else 1
            side //= stride
            convolutions = 9 * inputs * planes + 9 * planes * planes
            if inputs != planes or stride == 2:
                convolutions += inputs * planes
            params += convolutions + 2 * inputs + 2 * planes
            macs += convolutions * side**2
            inputs = planes
    return params + 2 * inputs + 10 * inputs + 10, macs + 10 * inputs


@pytest.mark.parametrize("seed", range(20))
def test_params_and_multiply_accumulates_are_those_of_the_layers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    depths, widths = rng.choice([4, 5, 7, 9, 11], 3).tolist(), rng.choice([8, 10, 12, 14, 16], 3).tolist()
    network = SPACE.parse(f"D {'-'.join(map(str, depths))} W {'-'.join(map(str, widths))}")
    cost = network.cost((3, 32, 32), 10)
    assert (cost.params, cost.flops) == layer_by_layer(depths, widths)


def test_a_missing_part_is_left_out_of_the_metrics(tmp_path: Path) -> None:
    given = record()
    del given["test_best"][0]["Linf_aa_acc"], given["test_best"][0]["corruptions"], given["train"][0]["pgd_lip"]
    rows = table(write_lines(tmp_path / "t.jsonl", [given]))
    metrics = rows.evaluate(Task(SPACE.parse("D 4-4-4 W 8-8-8"), 0), Context()).metrics
    assert metrics.keys() & {"test_apgd_accuracy", "test_corruption_accuracy", "empirical_lipschitz"} == set()
    assert metrics["robust_accuracy"] == pytest.approx(0.3)


def _training(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    given = record()
    change(given["train"][0])
    return given


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "no record; give the file cifar10.jsonl of NARes"),
        ([record(arch={"D1": 4, "W1": 8})], "line 1: arch"),
        ([record(), record()], "line 2: the same architecture as in line 1"),
        ([record(arch={"D1": 3, "W1": 8, "D2": 4, "W2": 8, "D3": 4, "W3": 8})], "none of its architectures"),
        ([_training(lambda t: t.update(pgd=t["pgd"][:50]))], "line 1: train"),
        ([_training(lambda t: t.update(pgd=[130.0] * 100))], "pgd is not between 0 and 100 per cent"),
        ([_training(lambda t: t.update(pgd=["a"] * 100))], "line 1: train"),
        (
            [_training(lambda t: t.update(pgd=[v / 100 for v in t["pgd"]]))],
            "pgd is at most 0.3; the table",
        ),
        ([_training(lambda t: t.update(best_epoch=100))], "line 1: train"),
        ([_training(lambda t: t.pop("cw"))], "line 1: train"),
        ([record(train=[])], "line 1: train"),
        ([record(test_best=[{"Linf_pgd_acc": "much"}])], "Linf_pgd_acc is 'much', not a number"),
        ([record(test_best=[{"corruptions": {"fog": {"1": {"acc": 3.0}}}}])], "'fog' has not the levels 1 to 5"),
        (
            [record(test_best=[{"Linf_pgd_stable": 10**400}])],
            "line 1: not valid JSON .an integer of more than 128 bits",
        ),
        ([record(MACs=-1.0)], "MACs"),
        ([{"arch_id": 1}], "line 1: arch"),
        (["a text"], "line 1"),
        (b"\xfd7zXZ\x00\x00\x00", "compressed; unpack it with: tar -xJf"),
        (b'{"arch_id": 1, "arch', "line 1: not valid JSON"),
        (b"cell,accuracy\n", "line 1: not valid JSON"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "cifar10.jsonl"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        write_lines(path, content)
    with pytest.raises(InputError, match=message) as caught:
        table(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rungs", [[50, 10], [0], [100], [10, 10]])
def test_rungs_are_epochs_in_order(path: Path, rungs: list[int]) -> None:
    with pytest.raises(InputError, match="rungs"):
        NAResTableSettings(nares=path, rungs=rungs)


def test_a_search_with_rungs_on_a_synthetic_file_finds_the_best_networks(tmp_path: Path) -> None:
    path = write_nares(
        tmp_path / "cifar10.jsonl", SPACE, 60, lambda network: 30 + network.depths[0] - network.depths[2]
    )
    result = rnas.search(
        space="nares",
        evaluator={"nares": str(path), "rungs": [20]},
        budget=20,
        batch_size=4,
        workers=0,
        output=tmp_path / "run",
    )
    assert max(m.metrics["robust_accuracy"] for m in result.front()) >= np.quantile(_accuracies(path), 0.9)
    assert all("test_apgd_accuracy" in member.metrics for member in result.front())


def _accuracies(path: Path) -> list[float]:
    return [max(json.loads(line)["train"][0]["pgd"]) / 100 for line in path.read_text().splitlines()]


def test_a_large_file_is_read_once(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nares_file, "_LARGE", 1)
    monkeypatch.setattr(nares_file, "user_cache", lambda: tmp_path / "cache")
    parsed: list[Path] = []
    parse = nares_file._parsed
    monkeypatch.setattr(nares_file, "_parsed", lambda file: parsed.append(file) or parse(file))

    def found(file: Path) -> Any:
        read = table(file, rungs=[10])
        task = Task(SPACE.parse("D 7-9-7 W 16-10-12"), 0)
        return read.inputs, read.held, read.rungs, read.bounds, read.evaluate(task, Context())

    first = found(path)
    assert found(path) == first
    assert len(parsed) == 1
    [kept] = (tmp_path / "cache").iterdir()
    # Half of it, another content, and another file of the same name.
    kept.write_bytes(kept.read_bytes()[:-1000])
    assert found(path) == first
    np.savez(kept, lines=np.array([object()]))
    assert found(path) == first
    assert len(parsed) == 3
    changed = write_lines(tmp_path / path.name, [record()])
    assert len(table(changed).held) == 1
    assert len(parsed) == 4
    # Where nothing can be kept, the file is read again.
    monkeypatch.setattr(nares_file, "user_cache", lambda: changed)
    assert found(path) == first
