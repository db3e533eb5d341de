"""Compare cells of a design that are given by their levels."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnas.experiments.replications.claim import Claim, Contrast, RankCorrelation, Term, Trend
from rnas.experiments.replications.design import DesignCell, Factor

_SUBSTANTIAL = 0.3
"""Rank correlations below this are not called substantial; the papers print no bound, and this one is ours."""

Levels = Mapping[str, Factor | tuple[Factor, ...]]
"""Levels by factor; several are alternatives."""


def holds(cell: DesignCell, levels: Levels) -> bool:
    """Return whether a cell has these levels."""
    return all(
        cell.factors.get(name) in level if isinstance(level, tuple) else cell.factors.get(name) == level
        for name, level in levels.items()
    )


def difference(cells: Sequence[DesignCell], of: Levels, than: Levels, where: Levels | None = None) -> Contrast:
    """Compare cells of some levels with others that are alike in all other factors, on average.

    Args:
        cells: cells of the design.
        of: levels of the first of each pair.
        than: levels of the second, of the same factors.
        where: levels that both have.

    Raises:
        ValueError: the design has no such pair.
    """
    changed = {*of, *than}

    def rest(cell: DesignCell) -> frozenset[tuple[str, Factor]]:
        return frozenset((name, level) for name, level in cell.factors.items() if name not in changed)

    chosen = [(row, cell) for row, cell in enumerate(cells) if holds(cell, where or {})]
    second = {rest(cell): row for row, cell in chosen if holds(cell, than)}
    pairs = [(row, second[rest(cell)]) for row, cell in chosen if holds(cell, of) and rest(cell) in second]
    if not pairs:
        raise ValueError(f"the design has no pairs of {of} and {than} where {where}")
    return Contrast(tuple(((one, 1.0), (other, -1.0)) for one, other in pairs))


def minus(first: Contrast, second: Contrast) -> Contrast:
    """Compute an interaction: one difference minus another, term by term.

    Raises:
        ValueError: they have different numbers of terms.
    """
    terms = zip(first.terms, second.terms, strict=True)
    return Contrast(tuple((*one, *((row, -weight) for row, weight in other)) for one, other in terms))


def slope(cells: Sequence[DesignCell], factor: str, where: Levels | None = None, by: Sequence[str] = ()) -> Contrast:
    """Compute the least-squares slope over a numeric factor, among the cells that have some levels.

    Args:
        cells: cells of the design.
        factor: the covariate.
        where: levels of the cells.
        by: factors; each combination of their levels has a slope, and a term, of its own.

    Raises:
        ValueError: the cells of a slope have one level of the factor.
    """
    groups: dict[tuple[Factor, ...], list[int]] = {}
    for row, cell in enumerate(cells):
        if holds(cell, where or {}):
            groups.setdefault(tuple(cell.factors[name] for name in by), []).append(row)
    terms = []
    for rows in groups.values():
        x = np.array([cells[row].number(factor) for row in rows])
        x = x - x.mean()
        if not (x**2).sum():
            raise ValueError(f"the design has one level of {factor} where {where}")
        terms.append(tuple(zip(rows, (x / (x**2).sum()).tolist(), strict=True)))
    return Contrast(tuple(terms))


def mean(cells: Sequence[DesignCell], where: Levels | None = None) -> Contrast:
    """Compute the mean of the cells that have some levels."""
    terms: list[Term] = [((row, 1.0),) for row, cell in enumerate(cells) if holds(cell, where or {})]
    return Contrast(tuple(terms))


def trend(cells: Sequence[DesignCell], factor: str, within: Sequence[str], step: float = 1.0) -> Trend:
    """Compute the slope over a numeric factor among cells that are alike in other factors.

    Args:
        cells: cells of the design.
        factor: the covariate.
        within: factors whose levels make the strata.
        step: change of the factor for which the slope is given.
    """
    strata = tuple(tuple(cell.factors[name] for name in within) for cell in cells)
    return Trend(tuple(cell.number(factor) / step for cell in cells), strata)


def uncorrelated(cells: Sequence[DesignCell], name: str, factor: str, figure: str = "") -> Claim:
    """Claim that a numeric factor and robust accuracy are not substantially correlated.

    Args:
        cells: cells of the design.
        name: what the factor is called in the statement.
        factor: the factor.
        figure: end of the statement.
    """
    return Claim(
        f"{name} and robust accuracy are not substantially correlated: Kendall's tau within {_SUBSTANTIAL:g}{figure}",
        RankCorrelation(tuple(cell.number(factor) for cell in cells)),
        expected="within",
        bound=_SUBSTANTIAL,
        unit="tau",
        scale=1.0,
    )
