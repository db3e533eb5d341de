"""Predict at budgets of FLOPs that a run's rule was not fitted on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnas.errors import InputError
from rnas.nas.ledger import Record
from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules._fit import likeliest_rule
from rnas.scaling_rules._kriging import Expectation, expectation
from rnas.scaling_rules.candidates import BudgetCandidates, Selection, most_robust, uniform_rule
from rnas.scaling_rules.estimate import FEWEST, design_of, families_of, fitted_to
from rnas.scaling_rules.observations import INACTIVE, Observations, block_variables
from rnas.scaling_rules.prediction import (
    ROBUST_SCALING,
    RULE,
    SEARCHED,
    TOLERANCE,
    UNIFORM,
    BudgetPrediction,
    Candidate,
    RulePrediction,
    ledger_hash,
)
from rnas.utils.quantities import Band, format_size


def predict_at_budgets(
    run: SearchResult, budgets: tuple[int, ...], fit: Band, seeds: tuple[int, ...], metric: str
) -> RulePrediction:
    """Predict scores by a run's rule at budgets that it is not fitted on; nothing is evaluated.

    The rule is fitted to the evaluations in a band, without those whose FLOPs are within the tolerance of a test
    budget. Each of its network, RobustScaling's and the uniform one has the block and the stem of the most robust
    network that was fitted, so that they differ in depths and widths alone.

    Args:
        run: a search over residual networks.
        budgets: FLOPs to test at.
        fit: band of FLOPs to fit on.
        seeds: seeds that the networks will be evaluated with.
        metric: name of the score.

    Raises:
        InputError: a budget is inside the band, too few evaluations are left, or no network has the FLOPs of a budget.
    """
    _check(budgets, fit)
    space = run.setup.space
    observations = Observations.from_run(run, metric)
    records = [record for record in run.complete if np.isfinite(record.metrics.get(observations.metric, np.nan))]
    rows = np.flatnonzero(_fitted(observations, budgets, fit))
    if len(rows) < FEWEST:
        raise InputError(
            f"{len(rows)} evaluations are left to fit on, of {len(observations)}; a rule needs at least {FEWEST}: "
            "test at other budgets, widen fit, or evaluate more"
        )
    fitted = observations[rows]
    families = families_of(design_of(fitted, Rule()))
    rule = likeliest_rule(families, fitted)
    own = [records[row] for row in rows]
    uniform = uniform_rule(fitted)
    chosen: list[dict[str, Selection]] = []
    left_out: list[dict[str, str]] = []
    for flops in budgets:
        budget_candidates = BudgetCandidates(run.setup, observations.metric, records, own, flops, TOLERANCE)
        networks, reasons = _networks(budget_candidates, rule, uniform)
        chosen.append(networks)
        left_out.append(reasons)
    everyone = [selection for networks in chosen for selection in networks.values()]
    costs = [selection.network.cost(space.input_shape, space.num_classes) for selection in everyone]
    expected = expectation(
        fitted_to(fitted), _unevaluated(fitted, everyone, [c.flops for c in costs], [c.params for c in costs])
    )
    return RulePrediction(
        run=run.setup.config.name or "",
        fingerprint=run.setup.config.fingerprint,
        ledger=ledger_hash([_essence(record) for record in own]),
        metric=observations.metric,
        fitted=len(own),
        fitted_flops=(int(fitted.flops.min()), int(fitted.flops.max())),
        fit=fit,
        rule=rule,
        uniform=uniform,
        base=most_robust(own, observations.metric).key,
        verdicts={family.name: family.verdict.value for family in families},
        seeds=seeds,
        tolerance=TOLERANCE,
        budgets=_predictions(budgets, chosen, left_out, [cost.flops for cost in costs], expected, len(seeds)),
    )


def _check(budgets: tuple[int, ...], fit: Band) -> None:
    if len(set(budgets)) < len(budgets) or not all(budgets):
        raise InputError("name each test budget once, above zero")
    for flops in budgets:
        if fit != Band() and fit.low <= (1 + TOLERANCE) * flops and (1 - TOLERANCE) * flops <= (fit.high or flops):
            raise InputError(
                f"the rule would be fitted on {fit}, which holds the test budget {format_size(flops)} or comes "
                f"within {TOLERANCE:.0%} of it; choose another band or budget"
            )


def _fitted(observations: Observations, budgets: Sequence[int], fit: Band) -> NDArray[np.bool_]:
    """Return for each observation whether the rule is fitted to it."""
    flops = observations.flops
    inside = (flops >= fit.low) & (flops <= (np.inf if fit.high is None else fit.high))
    apart = np.all([np.abs(flops / budget - 1) > TOLERANCE for budget in budgets], axis=0)
    return np.asarray(inside & apart)


def _networks(
    budget_candidates: BudgetCandidates, rule: Rule, uniform: Rule
) -> tuple[dict[str, Selection], dict[str, str]]:
    """Return the candidates of a budget by name, and the reasons why others are missing."""
    networks = {RULE: budget_candidates.by_rule(rule)}
    left_out = {}
    published = Rule()
    if len(published.depths) == len(rule.depths):
        networks[ROBUST_SCALING] = budget_candidates.by_rule(published)
    else:
        left_out[ROBUST_SCALING] = f"it is defined for networks of {len(published.depths)} stages only"
    networks[UNIFORM] = budget_candidates.by_rule(uniform)
    try:
        networks[SEARCHED] = budget_candidates.searched()
    except InputError as error:
        left_out[SEARCHED] = str(error)
    return networks, left_out


def _unevaluated(
    fitted: Observations, networks: Sequence[Selection], flops: Sequence[int], params: Sequence[int]
) -> Observations:
    """Describe networks as observations without scores."""
    blocks = block_variables([selection.parameters for selection in networks])
    return Observations.from_networks(
        fitted.metric,
        [0.0] * len(networks),
        [selection.network for selection in networks],
        {name: blocks.get(name, np.full(len(networks), INACTIVE)) for name in fitted.blocks},
        flops,
        params,
        [arch.key(selection.network) for selection in networks],
    )


def _predictions(
    budgets: Sequence[int],
    chosen: Sequence[dict[str, Selection]],
    left_out: Sequence[dict[str, str]],
    flops: Sequence[int],
    expected: Expectation,
    seeds: int,
) -> tuple[BudgetPrediction, ...]:
    """Return the predictions, budget by budget; flops and expectation are those of all networks in that order."""
    found = []
    first = 0
    for budget, networks, reasons in zip(budgets, chosen, left_out, strict=True):
        candidates = tuple(
            Candidate(
                name=name,
                network=selection.network,
                key=arch.key(selection.network),
                flops=flops[row],
                chosen=selection.chosen,
                score=expected.score(row, seeds),
            )
            for row, (name, selection) in enumerate(networks.items(), first)
        )
        gains = {
            candidate.name: expected.gain(first, row, seeds)
            for row, candidate in enumerate(candidates, first)
            if candidate.key != candidates[0].key
        }
        found.append(BudgetPrediction(budget, candidates, gains, reasons))
        first += len(candidates)
    return tuple(found)


def _essence(record: Record) -> dict[str, object]:
    """Return the parts of an evaluation that decide the fit."""
    return {
        "key": record.key,
        "seed": record.seed,
        "fidelity": dict(record.fidelity),
        "metrics": dict(record.metrics),
    }
