"""The conformance test of evaluators finds what is wrong with one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from rnas.nas.evaluators.table import Table
from rnas.networks.architecture import Architecture
from rnas.testing.evaluator import EvaluatorConformance
from rnas.testing.strategy import SMALL, toy_space

SPACE = toy_space(SMALL)


class BoundsWhatItDoesNotGive(Table):
    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        return {**super().bounds, "acuracy": (0.0, 1.0)}


class NotesOneText(Table):
    @property
    def notes(self) -> str:  # type: ignore[override]
        return "one text, which is a sequence of letters"


@pytest.mark.parametrize(
    ("cls", "finding"),
    [
        (BoundsWhatItDoesNotGive, "bounds_are_of_metrics_that_there_are"),
        (NotesOneText, "it_has_all_parts_of_the_contract"),
    ],
)
def test_a_fault_is_found(cls: type[Table], finding: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("architecture,accuracy\n334131,0.5\n421211,0.75\n")

    class OfTheTable(EvaluatorConformance):
        chosen = Table

        def make(self) -> Table:
            return self.chosen(Table.Settings(table=path), SPACE)

        def architectures(self) -> Sequence[Architecture]:
            return [SPACE.parse("334131"), SPACE.parse("421211")]

    kit = OfTheTable()
    getattr(kit, f"test_{finding}")()
    kit.chosen = cls
    with pytest.raises(AssertionError):
        getattr(kit, f"test_{finding}")()
