from io import StringIO

from rich.console import Console

from rnas.networks.robust_scaling import Rule
from rnas.report._saved_rule import blocks
from rnas.report._terminal import print_blocks
from rnas.scaling_rules.saved_rule import ROBUST_SCALING, SavedRule


def printed(saved: SavedRule) -> list[list[str]]:
    """The words of each line."""
    console = Console(file=StringIO(), width=140)
    print_blocks(console, blocks(saved))
    file = console.file
    assert isinstance(file, StringIO)
    return [line.split() for line in file.getvalue().splitlines()]


def test_a_fitted_rule_beside_the_published_one() -> None:
    saved = SavedRule(
        Rule((3, 2, 1), (1, 1, 1), 1),
        intervals={"D1": (0.45, 0.55), "r_D": (0.4, 0.6)},
        confidence=0.8,
        source="runs/[bold]-1",
        metric="robust_accuracy",
        ledger="0123456789ab",
        evaluations=1200,
        budgets=(100_000_000, 1_500_000_000),
    )
    lines = printed(saved)
    assert " ".join(lines[0]).startswith("The rule: D1:D2:D3 = 3 : 2 : 1 (D1 .50 [.45, .55]), W1:W2:W3 = 1 : 1 : 1, ")
    told = "runs/[bold]-1; for robust_accuracy; 1,200 evaluations at 100M, 1.5G FLOPs; ledger 0123456789ab."
    assert told in " ".join(word for line in lines for word in line)
    assert ["quantity", "share", "80", "%", "interval", "RobustScaling"] in lines
    assert ["D1", "0.500", "0.450", "to", "0.550", "0.400"] in lines
    assert ["D2", "0.333", "0.400"] in lines
    assert ["W2", "0.333", "0.455"] in lines
    assert ["r_D", "0.500", "0.400", "to", "0.600", "0.700"] in lines


def test_columns_that_hold_nothing_are_not_there() -> None:
    assert ["quantity", "share", "RobustScaling"] in printed(ROBUST_SCALING)
    two_stages = printed(SavedRule(Rule((1, 1), (1, 1))))
    assert ["quantity", "share"] in two_stages
    assert ["D2", "0.500"] in two_stages
    assert len(two_stages) == 1 + 1 + 1 + 5
