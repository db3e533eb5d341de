"""Describe a power study."""

from rnas.report._blocks import Block, Heading, Table, columns
from rnas.scaling_rules.power import ROBUST_SCALING, GroundTruth, PowerStudy, Tally
from rnas.scaling_rules.verdict import LEVEL, Verdict
from rnas.utils._metric import Metric
from rnas.utils.quantities import pluralize

_COLUMNS = {
    "agrees": Verdict.AGREES,
    "differs": Verdict.DIFFERS,
    "identified": Verdict.IDENTIFIED,
    "edge": Verdict.EDGE,
    "capacity": Verdict.CAPACITY,
    "not identified": Verdict.NOT_IDENTIFIED,
}


def blocks(power_study: PowerStudy, metric: Metric) -> list[Block]:
    """Return false positives first, then power, then coverage."""
    each = pluralize(power_study.simulations, "simulation")
    return [
        f"{pluralize(power_study.evaluations, 'network')} of the run, {each} of each ground truth.",
        *sentences(power_study),
        Heading("Verdicts"),
        verdicts_table(power_study, metric),
        Heading("90 % intervals, over all true rules within what was searched"),
        coverage_table(power_study),
    ]


def sentences(power_study: PowerStudy) -> list[str]:
    """Say in sentences what this run can show and what it cannot."""
    each = power_study.simulations
    lines = [
        f"Where {name}, a rule of depth and width is claimed in {claims} of {each}; {LEVEL:.0%} is its level."
        for name, claims in power_study.claims.items()
    ]
    published = [tally for tally in power_study.tallies if tally.truth.name == ROBUST_SCALING]
    for part in dict.fromkeys(tally.part for tally in published):
        strongest = max((tally for tally in published if tally.part == part), key=lambda tally: tally.truth.effect)
        lines.append(
            f"RobustScaling's {part}, true and worth {strongest.truth.effect / strongest.truth.noise:g} times the "
            f"noise: recognised in {_count(strongest, 'agrees')} of {each}, wrongly said to differ in "
            f"{_count(strongest, 'differs')}."
            if strongest.searched
            else f"RobustScaling's {part}: outside of what was searched, and can be neither found nor refuted."
        )
    held, cases = (sum(getattr(c, name) for c in power_study.coverage) for name in ("held", "simulations"))
    if cases:
        lines.append(f"The 90 % intervals hold the true value in {held:,} of {cases:,} cases, {held / cases:.0%}.")
    return lines


def verdicts_table(power_study: PowerStudy, metric: Metric) -> Table:
    """Return how often each verdict is reached, by truth and part; RobustScaling is for three stages only."""
    compared = any(tally.truth.name == ROBUST_SCALING for tally in power_study.tallies)
    shown = [name for name in _COLUMNS if name not in (("identified",) if compared else ("agrees", "differs"))]
    rows = [
        (
            tally.truth.name,
            "" if tally.truth.rule is None else _worth(tally.truth, metric),
            tally.part,
            *(str(_count(tally, name)) for name in shown),
            "" if tally.searched else "outside of what was searched",
        )
        for tally in power_study.tallies
    ]
    return Table(columns("truth", "each part worth", "part", *shown, "", words=3), tuple(rows))


def coverage_table(power_study: PowerStudy) -> Table:
    """Return how often each quantity's interval holds the true value, and how wide it is."""
    rows = [
        (c.quantity, f"{c.held} of {c.simulations}", f"{c.held / c.simulations:.0%}", f"\u00b1{c.half_width:.2f}")
        for c in power_study.coverage
    ]
    return Table(columns("quantity", "held", "", "median half width"), tuple(rows))


def _worth(truth: GroundTruth, metric: Metric) -> str:
    return f"{100 * truth.effect:.1f} points" if metric.kind == "proportion" else f"{truth.effect:.3g}"


def _count(tally: Tally, column: str) -> int:
    return tally.verdicts.get(_COLUMNS[column].value, 0)
