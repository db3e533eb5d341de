"""The space of the table of digits, the table as an evaluator, and their preset."""

import csv
import gzip
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnas
from rnas.cli import merging
from rnas.errors import InputError
from rnas.nas._setup import Setup, resolve
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.evaluator import Context, Status, Task
from rnas.nas.presets import preset
from rnas.nas.space import SearchSpace
from rnas.nas.strategies._candidates import possible
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.testing.evaluator import EvaluatorConformance
from rnas.testing.search_space import SearchSpaceConformance
from search_spaces.digits_bench import INPUT_SHAPE, NUM_CLASSES, DigitsBenchSettings, DigitsBenchSpace
from search_spaces.digits_bench_table import SEEDS, TABLE, DigitsBenchTable, DigitsBenchTableSettings
from search_spaces.robust_resnet import RobustResNetSettings, RobustResNetSpace


def make(**settings: Any) -> DigitsBenchSpace:
    return DigitsBenchSpace(DigitsBenchSettings(**settings), INPUT_SHAPE, NUM_CLASSES)


SPACE = make()
EVALUATOR = DigitsBenchTable(DigitsBenchTableSettings(), SPACE)
with gzip.open(TABLE, "rt", newline="") as file:
    ROWS = list(csv.DictReader(file))
GENOMES = np.array([[int(digit) for digit in row["architecture"]] for row in ROWS])


class TestSpace(SearchSpaceConformance):
    built = 2

    def make(self, **settings: Any) -> SearchSpace:
        return make(**settings)


class TestEvaluator(EvaluatorConformance):
    def make(self) -> DigitsBenchTable:
        return EVALUATOR

    def architectures(self) -> Sequence[Architecture]:
        return [SPACE.parse(ROWS[0]["architecture"]), SPACE.parse(ROWS[-1]["architecture"])]


def test_the_digits_are_the_genome_and_its_cost_is_the_row_s() -> None:
    """One digit a variable in another order, or of other choices, would cost something else."""
    assert (SPACE.canonical(GENOMES) == GENOMES).all()
    assert len(np.unique(GENOMES, axis=0)) == len(GENOMES)
    costs = SPACE.cost(GENOMES)
    assert costs.flops.tolist() == [int(row["flops"]) for row in ROWS]
    assert costs.params.tolist() == [int(row["params"]) for row in ROWS]
    assert len(np.unique(np.stack([costs.flops, costs.params]), axis=1).T) > len(ROWS) / 8
    for row, genome in zip(ROWS[::40], GENOMES[::40], strict=True):
        assert (SPACE.encode(SPACE.parse(f" {row['architecture']}\n")) == genome).all()


def test_the_digits_name_variables_in_order() -> None:
    names = [variable.name for variable in SPACE.variables]
    assert names == ["depth1", "depth2", "depth3", "width1", "width2", "width3", "topology", "activation"]
    values = list(SPACE.parameters(SPACE.parse("21001021")).values())
    assert values == [3, 2, 1, 1, 2, 1, "robust-res-block", "silu"]


def test_a_network_is_found_in_every_notation_and_however_the_space_is_narrowed() -> None:
    narrow = make(narrow={"topology": ["bottleneck"], "depth1": [2, 3]})
    digits = SPACE.parse("21001011")
    staged = SPACE.parse("D 3-2-1 W 1-2-1 bottleneck activation=silu stem_width=8")
    for space in (SPACE, narrow):
        for text in ("21001011", arch.to_json(staged)):
            assert space.parse(text) == staged == digits
    assert narrow.encode(digits).tolist() == [1, 1, 0, 0, 1, 0, 0, 1]


@pytest.mark.parametrize("text", ["2110210", "211021011", "31102101", "21102131", "21102102"])
def test_wrong_digits_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"'{text}' .* digits are depth1 0 to 2, .* activation 0 to 1$") as caught:
        SPACE.parse(text)
    assert "\n" not in str(caught.value)


def test_the_score_is_the_mean_of_the_seeds() -> None:
    for row in ROWS[::40]:
        metrics = EVALUATOR.evaluate(Task(SPACE.parse(row["architecture"]), seed=7), Context()).metrics
        for name in ("robust_accuracy", "robust_margin", "clean_accuracy"):
            seeds = [metrics[f"{name}_seed{seed}"] for seed in SEEDS]
            assert metrics[name] == float(row[name]) == pytest.approx(np.mean(seeds), abs=2e-6)
        assert 0 <= metrics["robust_accuracy"] <= metrics["clean_accuracy"] <= 1


def test_a_reader_is_told_what_the_numbers_are_worth() -> None:
    notes = " ".join(EVALUATOR.notes)
    for words in ("no network was trained", "4 epochs", "epsilon 3/20", "2 seeds", "no evidence"):
        assert words in notes
    provenance = EVALUATOR.evaluate(Task(SPACE.parse(ROWS[0]["architecture"]), 0), Context()).provenance
    assert provenance["data"] == {"name": "digits", "input_shape": [1, 8, 8]}
    assert provenance["training"]["recipe"]["name"] == "short-sat"
    assert provenance["training_seeds"] == [0, 1]


def test_what_the_table_does_not_hold_is_never_proposed() -> None:
    setup = _setup(space={"name": "digits-bench", "depths": [1, 4]})
    everything = setup.space.enumeration
    assert everything is not None
    held = possible(setup.problem, everything)
    depths = setup.space.settings.depths  # type: ignore[attr-defined]
    assert depths == (1, 4)
    assert 0 < held.sum() <= (everything[:, :3] == 0).all(axis=1).sum()
    other = setup.space.decode(everything[~held][-1])
    assert EVALUATOR.evaluate(Task(other, 0), Context()).status is Status.FAILED
    assert all(math.isnan(value) for value in EVALUATOR.known([other])[0].values())


def test_another_space_is_refused() -> None:
    space = RobustResNetSpace(RobustResNetSettings(), INPUT_SHAPE, NUM_CLASSES)
    with pytest.raises(InputError, match="no results of space 'robust-resnet'; set space digits-bench"):
        DigitsBenchTable(DigitsBenchTableSettings(), space)


def test_there_is_nothing_to_set() -> None:
    assert _setup(evaluator={"digits-bench": None}).config.evaluator == {"digits-bench": {}}
    with pytest.raises(InputError, match=r"evaluator: digits-bench\.seeds: unknown key"):
        _setup(evaluator={"digits-bench": {"seeds": 1}})


def test_the_space_s_name_is_enough_for_a_search() -> None:
    content, _, source = merging.merged(None, None, {"space": "digits-bench", "flops": "100K:300K"}, [])
    assert source == "preset digits-bench"
    assert content == {**preset("digits-bench"), "space": {"name": "digits-bench", "flops": "100K:300K"}}
    given, _, source = merging.merged(None, "digits", {"space": "digits-bench"}, [])
    assert source == "preset digits"
    assert "train" in given["evaluator"]


def test_bands_and_narrowing_hold_in_a_search(tmp_path: Path) -> None:
    space = {"name": "digits-bench", "narrow": {"topology": ["basic"], "width1": [1]}, "flops": [100_000, 400_000]}
    run = rnas.search(space=space, budget=25, output=tmp_path / "run")
    assert len(run.complete) > 5
    for record in run.records:
        assert 100_000 <= record.metrics["flops"] <= 400_000
        assert (record.parameters["topology"], record.parameters["width1"]) == ("basic", 1)


def _setup(**changes: Any) -> Setup:
    return resolve(SearchConfig.parse({**preset("digits-bench"), **changes}, "config"), Path(), "config")
