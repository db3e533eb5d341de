"""Collect all results about a run's rule: the model's estimate, the paper's estimate, and the latter's bias."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rnas import registry
from rnas.errors import InputError
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._fit import Rules, fit
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.ranking import Ranking, rank
from rnas.scaling_rules.ranking_bias import RankingBias, simulated_bias
from rnas.scaling_rules.saved_rule import SavedRule
from rnas.utils._metric import Metric, metric_of
from rnas.utils._tabular import Tabular, notebook_table
from rnas.utils.quantities import format_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMA_VERSION: Literal[1] = 1

_PUBLISHED = Rule()


@dataclass(frozen=True)
class Findings(Tabular):
    """The results of a run on depth and width.

    Attributes:
        run: name of the run.
        rules: the rule that the model estimates.
        ranking: the paper's estimate; None if no level of depth or of width is large enough.
        biases: bias of the paper's estimate, simulated on this design with RobustScaling and with the ranking's own
            rule as the truth. Networks of two or four stages have only the second. Empty if there are too few networks
            to simulate.
        missing: reason why the ranking or the biases are missing; empty if both are there.
    """

    run: str
    rules: Rules
    ranking: Ranking | None
    biases: tuple[RankingBias, ...]
    missing: str

    @property
    def metric(self) -> Metric:
        """Return the score's metric, which also formats its values."""
        return metric_of(self.rules.observations.metric, self.rules.observations.score.tolist())

    def saved_rule(self) -> SavedRule:
        """Return the likeliest rule with its intervals, even if its parts are not identified."""
        rule, observations = self.rules.rule, self.rules.observations
        values = SavedRule(rule).values
        found = [quantity for family in self.rules.families for quantity in family.quantities]
        flops = observations.flops
        return SavedRule(
            rule=rule,
            # Medians of shares are scaled to a sum of 1, which may move one out of a narrow interval.
            intervals={
                q.name: (min(q.optimum.low, values[q.name]), max(q.optimum.high, values[q.name])) for q in found
            },
            source=f"{self.run}, {format_size(flops.min())} to {format_size(flops.max())} FLOPs",
            metric=observations.metric,
            ledger=ledger_hash(observations),
            evaluations=len(observations),
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each quantity of the rule."""
        return [
            {
                "part": family.name,
                "verdict": family.verdict.value,
                "quantity": quantity.name,
                "optimum": quantity.optimum.value,
                "low": quantity.optimum.low,
                "high": quantity.optimum.high,
                "published": quantity.published,
                "at_edge": quantity.at_edge,
            }
            for family in self.rules.families
            for quantity in family.quantities
        ]

    def plot_rule(self, ax: "Axes | None" = None, *, dark: bool = False) -> "Axes":
        """Draw the optima with their intervals with matplotlib; see :func:`rnas.report.figures.plot_rule`."""
        drawn: Axes = registry.load(registry.FIGURES, "rule")(self, ax, dark=dark)
        return drawn

    def plot_depth_to_width(self, ax: "Axes | None" = None, *, dark: bool = False) -> "Axes":
        """Draw the score by depth to width; see :func:`rnas.report.figures.plot_depth_to_width`."""
        drawn: Axes = registry.load(registry.FIGURES, "depth-to-width")(self, ax, dark=dark)
        return drawn

    def _repr_html_(self) -> str:
        columns = ("part", "verdict", "quantity", "optimum", "low", "high", "published")
        rows = [
            [f"{row[name]:.3f}" if isinstance(row[name], float) else row[name] for name in columns]
            for row in self.rows()
        ]
        return notebook_table(f"The rule of {self.run} for {self.metric.name}, with 90 % intervals", columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "run": self.run,
            "ledger": ledger_hash(self.rules.observations),
            **self.rules.to_dict(),
            "kind": self.metric.kind,
            "stages": self.rules.observations.stages,
            "ranking": {
                "depth": self.ranking and self.ranking.depth and self.ranking.depth.to_dict(),
                "width": self.ranking and self.ranking.width and self.ranking.width.to_dict(),
                "biases": [asdict(bias) for bias in self.biases],
                "missing": self.missing,
            },
        }


def fit_rule(run: SearchResult | Path | str, metric: str | None = None, *, seed: int = 0) -> Findings:
    """Estimate the rule of depth and width from a search, and compare it with RobustScaling.

    Args:
        run: a search over residual networks, finished or not, or its directory.
        metric: the score; None is the first objective that is maximised.
        seed: of the draws that intervals and p-values are counted from.

    Raises:
        InputError: there is no search, fewer than 20 complete evaluations, no such metric, or networks without stages
            of blocks.

    Examples:
        >>> import rnas
        >>> run = rnas.search(space="digits-bench", strategy="random", budget=24, output="runs/example", workers=0)
        >>> findings = rnas.fit_rule(run)
        >>> [family.verdict.value for family in findings.rules.families][0]
        'not identified'
    """
    run = run if isinstance(run, SearchResult) else Search.open(run).result()
    return compare_with_paper(run.setup.config.name or run.setup.space.name, fit(run, metric, seed), seed)


def compare_with_paper(run: str, rules: Rules, seed: int = 0) -> Findings:
    """Add the paper's estimate from the same evaluations to a rule, if these allow it."""
    observations = rules.observations
    ranking, biases, missing = None, [], ""
    try:
        ranking = rank(observations)
        truths = [ranking.rule] if observations.stages != len(_PUBLISHED.depths) else [_PUBLISHED, ranking.rule]
        rng = np.random.default_rng([seed, 2])
        biases = [simulated_bias(observations, rule, rng) for rule in truths]
    except InputError as error:
        missing = str(error)
    return Findings(run, rules, ranking, tuple(biases), missing)


def ledger_hash(observations: Observations) -> str:
    """Return the first 12 hexadecimal digits of the sha256 of the keys and scores, which does not depend on order."""
    rows = sorted(zip(observations.keys, observations.score.tolist(), strict=True))
    return hashlib.sha256(json.dumps([observations.metric, rows]).encode()).hexdigest()[:12]
