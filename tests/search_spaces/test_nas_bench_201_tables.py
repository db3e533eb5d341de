"""The readers of NAS-RobBench-201 and of the robustness data set on NAS-Bench-201."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.evaluators.lookup import Lookup
from rnas.networks.architecture import Architecture
from rnas.testing.evaluator import EvaluatorConformance
from rnas.testing.strategy import toy_space
from search_spaces.nas_bench_201_tables import (
    _CORRUPTIONS,
    NASRobBench201,
    NASRobBench201Settings,
    RobustnessData,
    RobustnessDataSettings,
)
from tests.search_spaces.published_tables import robbench_complete, robbench_page, robustness_folder

SPACE = toy_space("nas-bench-201")
CELLS = ("421211", "334131", "333333")
TEXTS = (
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
)
ACCURACIES = (0.35, 0.45, 0.5)


def robbench(path: Path, **settings: Any) -> NASRobBench201:
    return NASRobBench201(NASRobBench201Settings(**{"nas-robbench-201": path, **settings}), SPACE)


def robustness(folder: Path, **settings: Any) -> RobustnessData:
    return RobustnessData(RobustnessDataSettings(**{"nas-bench-201-robustness": folder, **settings}), SPACE)


def metrics(table: Lookup, cell: str) -> dict[str, float]:
    return dict(table.evaluate(Task(SPACE.parse(cell), 0), Context()).metrics)


class _Conformance(EvaluatorConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def architectures(self) -> Sequence[Architecture]:
        return [SPACE.parse(cell) for cell in CELLS[:2]]


class TestConformanceOfNASRobBench201(_Conformance):
    def make(self) -> NASRobBench201:
        return robbench(robbench_page(self.folder, CELLS, ACCURACIES))


class TestConformanceOfRobustnessData(_Conformance):
    def make(self) -> RobustnessData:
        if not (self.folder / "cifar10").exists():
            robustness_folder(self.folder, TEXTS, ACCURACIES, _CORRUPTIONS)
        return robustness(self.folder)


def test_the_page_has_six_accuracies_a_data_set(tmp_path: Path) -> None:
    path = robbench_page(tmp_path, CELLS, ACCURACIES)
    assert metrics(robbench(path), "334131") == pytest.approx(
        {
            "clean_accuracy": 0.75,
            "fgsm_3_accuracy": 0.65,
            "pgd_3_accuracy": 0.64,
            "fgsm_8_accuracy": 0.47,
            "robust_accuracy": 0.45,
            "autoattack_accuracy": 0.41,
        }
    )
    other = robbench(path, data="ImageNet16-120")
    assert set(metrics(other, "334131").values()) == {0.1}
    assert other.image_format(other.settings) == ((3, 16, 16), 120)


@pytest.mark.parametrize("data", ["cifar10", "ImageNet16-120"])
def test_the_complete_file_has_the_seeds(tmp_path: Path, data: str) -> None:
    found = metrics(robbench(robbench_complete(tmp_path, TEXTS, ACCURACIES), data=data), "333333")
    assert found["robust_accuracy"] == pytest.approx(0.5)
    assert found["robust_accuracy_seed1"] == pytest.approx(0.51)
    assert len(found) == 3 * 5


def test_the_robustness_data_has_an_accuracy_for_each_epsilon(tmp_path: Path) -> None:
    folder = robustness_folder(tmp_path, TEXTS, ACCURACIES, _CORRUPTIONS)
    found = metrics(robustness(folder), "333333")
    assert found == pytest.approx(
        {
            "clean_accuracy": 0.5,
            "pgd_0.1_accuracy": 0.45,
            "pgd_1_accuracy": 0.3,
            "pgd_8_accuracy": 0.0,
            "fgsm_1_accuracy": 0.4,
            "robust_accuracy": 0.3,
            "corruption_accuracy": 0.4,
        }
    )
    assert metrics(robustness(folder, eps="8/255"), "333333")["robust_accuracy"] == 0
    assert len(robustness(folder).held) == len(CELLS)


def test_corruptions_may_be_missing_as_a_whole(tmp_path: Path) -> None:
    folder = robustness_folder(tmp_path, TEXTS, ACCURACIES, ())
    assert "corruption_accuracy" not in metrics(robustness(folder), "333333")


def _truncated(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: _truncated(f, "NAS-RobBench-201_html.json"), "not valid JSON"),
        (lambda f: _truncated(f, "ops.json"), r"ops.json: not valid JSON"),
        (lambda f: (f / "ops.json").unlink(), "ops.json: cannot be read"),
        (lambda f: (f / "ops.json").write_text('arch=["421211"]'), "network '1': ops.json has no cell of this number"),
        (
            lambda f: (f / "NAS-RobBench-201_html.json").write_text(json.dumps({"9" * 5_000: [0.5] * 18})),
            r"network '9+\.\.\.9+': ops.json has no cell of this number",
        ),
        (
            lambda f: (f / "NAS-RobBench-201_html.json").write_text(json.dumps({"00": [0.5] * 18})),
            "network '00': ops.json has no cell of this number",
        ),
        (lambda f: (f / "NAS-RobBench-201_html.json").write_text("acc=[1]"), "not the file of the web page"),
        (lambda f: (f / "NAS-RobBench-201_html.json").write_text('acc={"0": [0.5]}'), "not a list of 18 accuracies"),
        (
            lambda f: (f / "NAS-RobBench-201_html.json").write_text(json.dumps({"0": [50.0] * 18})),
            "50.0 is not an accuracy between 0 and 1",
        ),
        (lambda f: (f / "NAS-RobBench-201_html.json").write_text('{"cifar10": {}}'), "meta.json: cannot be read"),
    ],
)
def test_what_is_wrong_in_the_page_is_named(tmp_path: Path, damage: Callable[[Path], Any], message: str) -> None:
    path = robbench_page(tmp_path, CELLS, ACCURACIES)
    damage(tmp_path)
    _refused(lambda: robbench(path), message)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "meta.json").write_text("{}"), "meta.json: ids"),
        (lambda f: (f / "meta.json").write_text('{"ids": {"0": {"isomorph": "0"}}}'), "meta.json: ids"),
        (lambda f: (f / "cifar10" / "clean_accuracy.json").unlink(), "clean_accuracy.json: cannot be read"),
        (lambda f: _truncated(f, "cifar10/pgd@Linf_accuracy.json"), "not valid JSON"),
        (lambda f: (f / "cifar10" / "pgd@Linf_accuracy.json").write_text("{}"), "no object 'cifar10'"),
        (
            lambda f: (f / "cifar10" / "pgd@Linf_accuracy.json").write_text(
                json.dumps({"cifar10": {"pgd@Linf": {"accuracy": {"0": [0.5]}}}})
            ),
            "1 accuracies for 3 epsilons",
        ),
        (
            lambda f: (f / "cifar10" / "clean_accuracy.json").write_text(
                json.dumps({"cifar10": {"clean": {"accuracy": {"77": 0.5}}}})
            ),
            "meta.json has no network '77'",
        ),
        (
            lambda f: (f / "meta.json").write_text(
                (f / "meta.json").read_text().replace('"fgsm@Linf": [1.0]', '"fgsm@Linf": [1.0, 1.0000001]')
            ),
            "epsilons of fgsm@Linf: two are the same",
        ),
        (lambda f: (f / "cifar10" / "fog_accuracy.json").unlink(), "fog_accuracy.json is missing; give all"),
    ],
)
def test_what_is_wrong_in_the_folder_is_named(tmp_path: Path, damage: Callable[[Path], Any], message: str) -> None:
    folder = robustness_folder(tmp_path, TEXTS, ACCURACIES, _CORRUPTIONS)
    damage(folder)
    _refused(lambda: robustness(folder), message)


def test_an_epsilon_that_the_table_lacks_is_refused(tmp_path: Path) -> None:
    folder = robustness_folder(tmp_path, TEXTS, ACCURACIES, ())
    _refused(lambda: robustness(folder, eps="2/255"), "eps is 2/255; the table has PGD at 0.1/255, 1/255, 8/255")


def _refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
