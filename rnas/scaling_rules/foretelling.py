"""From a run to a prediction at budgets of FLOPs that its rule was not fitted on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnas.errors import InputError
from rnas.nas.ledger import Record
from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.candidates import Choosing, Contest, most_robust, uniform_rule
from rnas.scaling_rules.estimate import FEWEST, design_of, families_of, fitted_to
from rnas.scaling_rules.fit import likeliest_rule
from rnas.scaling_rules.kriging import Expectation, expectation
from rnas.scaling_rules.observations import INACTIVE, Observations, block_variables, described, observations_of
from rnas.scaling_rules.prediction import (
    ROBUST_SCALING,
    RULE,
    SEARCHED,
    TOLERANCE,
    UNIFORM,
    BudgetPrediction,
    Contestant,
    Prediction,
    ledger_hash,
)
from rnas.utils.quantities import Band, format_size


def foretell(run: SearchResult, budgets: tuple[int, ...], fit: Band, seeds: tuple[int, ...], metric: str) -> Prediction:
    """What the rule of a run promises at budgets that it is not fitted on; nothing is evaluated.

    The rule is fitted to the evaluations in a band, without those whose FLOPs are within the tolerance of a held-out
    budget. Each of its network, RobustScaling's and the uniform one has the block and the stem of the most robust
    network that was fitted, so that they differ in depths and widths alone.

    Args:
        run: a search over residual networks.
        budgets: FLOPs to hold out.
        fit: band of FLOPs to fit on.
        seeds: that the networks will be evaluated with.
        metric: name of the score.

    Raises:
        InputError: a budget lies in the band, too few evaluations are left, or no network has a budget's FLOPs.
    """
    _check(budgets, fit)
    space = run.setup.space
    observations = observations_of(run, metric)
    records = [record for record in run.complete if np.isfinite(record.metrics.get(observations.metric, np.nan))]
    rows = np.flatnonzero(_fitted(observations, budgets, fit))
    if len(rows) < FEWEST:
        raise InputError(
            f"{len(rows)} evaluations are left to fit on, of {len(observations)}; a rule needs at least {FEWEST}: "
            "hold out other budgets, widen --fit, or evaluate more"
        )
    fitted = observations[rows]
    families = families_of(design_of(fitted, Rule()))
    rule = likeliest_rule(families, fitted)
    own = [records[row] for row in rows]
    uniform = uniform_rule(fitted)
    chosen: list[dict[str, Choosing]] = []
    left_out: list[dict[str, str]] = []
    for flops in budgets:
        contest = Contest(run.setup, observations.metric, records, own, flops, TOLERANCE)
        networks, reasons = _networks(contest, rule, uniform)
        chosen.append(networks)
        left_out.append(reasons)
    everyone = [choosing for networks in chosen for choosing in networks.values()]
    costs = [choosing.network.cost(space.input_shape, space.num_classes) for choosing in everyone]
    expected = expectation(
        fitted_to(fitted), _unevaluated(fitted, everyone, [c.flops for c in costs], [c.params for c in costs])
    )
    return Prediction(
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
        raise InputError("name each held-out budget once, above zero")
    for flops in budgets:
        if fit != Band() and fit.low <= (1 + TOLERANCE) * flops and (1 - TOLERANCE) * flops <= (fit.high or flops):
            raise InputError(
                f"the rule would be fitted on {fit}, which holds the held-out budget {format_size(flops)} or comes "
                f"within {TOLERANCE:.0%} of it; choose bands apart"
            )


def _fitted(observations: Observations, budgets: Sequence[int], fit: Band) -> NDArray[np.bool_]:
    """Whether each observation is fitted to."""
    flops = observations.flops
    inside = (flops >= fit.low) & (flops <= (np.inf if fit.high is None else fit.high))
    apart = np.all([np.abs(flops / budget - 1) > TOLERANCE for budget in budgets], axis=0)
    return np.asarray(inside & apart)


def _networks(contest: Contest, rule: Rule, uniform: Rule) -> tuple[dict[str, Choosing], dict[str, str]]:
    """The contestants of a budget by name, and why others are left out."""
    networks = {RULE: contest.by_rule(rule)}
    left_out = {}
    published = Rule()
    if len(published.depths) == len(rule.depths):
        networks[ROBUST_SCALING] = contest.by_rule(published)
    else:
        left_out[ROBUST_SCALING] = f"it is for networks of {len(published.depths)} stages"
    networks[UNIFORM] = contest.by_rule(uniform)
    try:
        networks[SEARCHED] = contest.searched()
    except InputError as error:
        left_out[SEARCHED] = str(error)
    return networks, left_out


def _unevaluated(
    fitted: Observations, networks: Sequence[Choosing], flops: Sequence[int], params: Sequence[int]
) -> Observations:
    """Networks as observations without scores."""
    blocks = block_variables([choosing.parameters for choosing in networks])
    return described(
        fitted.metric,
        [0.0] * len(networks),
        [choosing.network for choosing in networks],
        {name: blocks.get(name, np.full(len(networks), INACTIVE)) for name in fitted.blocks},
        flops,
        params,
        [arch.key(choosing.network) for choosing in networks],
    )


def _predictions(
    budgets: Sequence[int],
    chosen: Sequence[dict[str, Choosing]],
    left_out: Sequence[dict[str, str]],
    flops: Sequence[int],
    expected: Expectation,
    seeds: int,
) -> tuple[BudgetPrediction, ...]:
    """What is expected, budget by budget; flops and expectation are those of all networks in that order."""
    found = []
    first = 0
    for budget, networks, reasons in zip(budgets, chosen, left_out, strict=True):
        contestants = tuple(
            Contestant(
                name=name,
                network=choosing.network,
                key=arch.key(choosing.network),
                flops=flops[row],
                chosen=choosing.chosen,
                score=expected.score(row, seeds),
            )
            for row, (name, choosing) in enumerate(networks.items(), first)
        )
        gains = {
            contestant.name: expected.gain(first, row, seeds)
            for row, contestant in enumerate(contestants, first)
            if contestant.key != contestants[0].key
        }
        found.append(BudgetPrediction(budget, contestants, gains, reasons))
        first += len(contestants)
    return tuple(found)


def _essence(record: Record) -> dict[str, object]:
    """What of an evaluation decides the fit."""
    return {
        "key": record.key,
        "seed": record.seed,
        "fidelity": dict(record.fidelity),
        "metrics": dict(record.metrics),
    }
