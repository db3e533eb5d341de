"""Describe a saved rule."""

from rnas.report._blocks import Block, Table, columns
from rnas.scaling_rules.saved_rule import ROBUST_SCALING, SavedRule
from rnas.utils.quantities import format_size


def blocks(saved: SavedRule) -> list[Block]:
    """Return the rule in a sentence, what it was fitted on, and its numbers."""
    origin = _origin(saved)
    return [f"The rule: {saved.sentence()}.", *([f"{origin}."] if origin else []), rule_table(saved)]


def rule_table(saved: SavedRule) -> Table:
    """Return every quantity with its interval, if known, and RobustScaling's value if it has as many stages."""
    published = ROBUST_SCALING.values if len(saved.rule.depths) == len(ROBUST_SCALING.rule.depths) else {}
    headings = ["quantity", "share"]
    headings += [f"{100 * saved.confidence:g} % interval"] if saved.intervals else []
    headings += ["RobustScaling"] if published else []
    rows = []
    for name, value in saved.values.items():
        cells = [name, f"{value:.3f}"]
        if saved.intervals:
            cells.append(" to ".join(f"{end:.3f}" for end in saved.intervals.get(name, ())))
        if published:
            cells.append(f"{published[name]:.3f}")
        rows.append(tuple(cells))
    return Table(columns(*headings), tuple(rows))


def _origin(saved: SavedRule) -> str:
    evaluations = "" if saved.evaluations is None else f"{saved.evaluations:,} evaluations"
    budgets = f"at {', '.join(map(format_size, saved.budgets))} FLOPs" if saved.budgets else ""
    ledger = f"ledger {saved.ledger}" if saved.ledger else ""
    fitted = " ".join(part for part in (evaluations, budgets) if part)
    parts = [saved.source, f"for {saved.metric}" if saved.metric else "", fitted, ledger]
    return "; ".join(part for part in parts if part)
