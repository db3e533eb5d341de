"""A rule for people."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnas.scaling_rules.saved_rule import ROBUST_SCALING, SavedRule
from rnas.utils.quantities import format_size


def print_rule(console: Console, saved: SavedRule) -> None:
    """The rule in a sentence, what it was fitted on, and its numbers."""
    console.print(Text.assemble(("The rule: ", "bold"), saved.sentence(), "."))
    if origin := _origin(saved):
        console.print(Text(f"{origin}."))
    console.print()
    console.print(rule_table(saved))


def rule_table(saved: SavedRule) -> Table:
    """Every quantity with its interval, where known, beside RobustScaling's where it has as many stages."""
    published = ROBUST_SCALING.values if len(saved.rule.depths) == len(ROBUST_SCALING.rule.depths) else {}
    table = Table(box=None, pad_edge=False)
    table.add_column("quantity", no_wrap=True)
    table.add_column("share", justify="right")
    if saved.intervals:
        table.add_column(f"{100 * saved.confidence:g} % interval", justify="right")
    if published:
        table.add_column("RobustScaling", justify="right")
    for name, value in saved.values.items():
        cells = [name, f"{value:.3f}"]
        if saved.intervals:
            cells.append("to".join(f" {end:.3f} " for end in saved.intervals.get(name, ())).strip())
        if published:
            cells.append(f"{published[name]:.3f}")
        table.add_row(*map(Text, cells))
    return table


def _origin(saved: SavedRule) -> str:
    evaluations = "" if saved.evaluations is None else f"{saved.evaluations:,} evaluations"
    budgets = f"at {', '.join(map(format_size, saved.budgets))} FLOPs" if saved.budgets else ""
    ledger = f"ledger {saved.ledger}" if saved.ledger else ""
    fitted = " ".join(part for part in (evaluations, budgets) if part)
    parts = [saved.source, f"for {saved.metric}" if saved.metric else "", fitted, ledger]
    return "; ".join(part for part in parts if part)
