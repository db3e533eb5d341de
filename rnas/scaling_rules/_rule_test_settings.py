"""Hold everything that decides a test of a rule."""

from typing import Annotated, Any

from pydantic import BeforeValidator, PositiveInt

from rnas.errors import InputError
from rnas.nas.config import OnSearchSettings
from rnas.utils.quantities import Band, BandField, parse_size


def _budgets(value: Any) -> tuple[int, ...]:
    several = (value,) if isinstance(value, int | str) else value
    if not several:
        raise InputError("name the budgets to test at, such as 4M")
    return tuple(sorted(map(parse_size, several)))


class RuleTestSettings(OnSearchSettings):
    """Hold what decides a test of a rule, on a search over residual networks."""

    flops: Annotated[tuple[int, ...], BeforeValidator(_budgets)]
    """Budgets to test at, such as 4M; the rule is not fitted on what is within 5 % of them."""
    fit: BandField = Band()
    """FLOPs to fit on, such as 1M:3M, without what is near the budgets."""
    seeds: PositiveInt = 5
    """Evaluations of each network, none with the search's own seed; one where results are looked up."""
    metric: str | None = None
    """Metric to predict; None is the first objective that is maximised."""
    earlier_tests: int = 0
    """Number of tests of this search's rule before this one."""
