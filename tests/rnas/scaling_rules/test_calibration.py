"""Truths planted on an unbiased design: intervals hold them, and where shares decide nothing no rule is claimed."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rnas._typing import Floats, Integers
from rnas.networks.robust_scaling import Rule
from rnas.scaling_rules.estimate import design_of, families_of
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.synthetic_responses import synthetic_response
from rnas.scaling_rules.verdict import Verdict
from search_spaces.robust_resnet import RobustResNetSettings, RobustResNetSpace

pytestmark = pytest.mark.slow

PUBLISHED = Rule()
NETWORKS = 200
SEEDS = range(12)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(limits=1):
        yield


@cache
def space() -> RobustResNetSpace:
    settings = RobustResNetSettings(
        depths=tuple(range(1, 11)),
        widths=tuple(range(1, 11)),
        stem_width=(16,),
        topology=("basic", "robust-res-block"),
        order=("pre",),
        first_input=("raw",),
        kernel_size=(3,),
        cardinality=(1,),
        scales=(1,),
        squeeze_excitation=("none",),
        reduction=(16,),
        activation=("relu",),
        normalization=("batch",),
    )
    return RobustResNetSpace(settings, (3, 32, 32), 10)


def sampled(seed: int) -> Observations:
    genomes: Integers = space().sample(NETWORKS, np.random.default_rng(seed))
    cost = space().cost(genomes)
    networks = [space().decode(genome) for genome in genomes]
    return Observations(
        metric="score",
        score=np.zeros(NETWORKS),
        depths=np.array([network.depths for network in networks], dtype=np.float64),
        widths=np.array([network.channels for network in networks]) / np.array([16, 32, 64]),
        flops=cost.flops.astype(np.float64),
        params=cost.params.astype(np.float64),
        blocks={"topology": np.array([network.stage_blocks[0].topology for network in networks])},
        keys=tuple(map(str, range(NETWORKS))),
    )


def noise(seed: int) -> Floats:
    return np.random.default_rng([seed, 1]).standard_normal(NETWORKS)


def test_intervals_hold_what_is_planted_and_agree_with_it() -> None:
    held, verdicts = [], []
    for seed in SEEDS:
        design = sampled(seed)
        trend = np.log(design.flops) + 0.5 * (design.blocks["topology"] == "basic")
        score = trend + synthetic_response(design, PUBLISHED, "tent", 2.0, PUBLISHED) + 0.4 * noise(seed)
        families = families_of(design_of(design.with_score(score), PUBLISHED, seed), seed)
        quantities = [quantity for family in families for quantity in family.quantities]
        held.append([not q.optimum.beside(q.published, q.published) for q in quantities if q.published is not None])
        verdicts += [family.verdict for family in families]
    assert np.array(held).shape == (12, 7)
    assert np.array(held).sum(axis=0).min() >= 10
    assert verdicts.count(Verdict.AGREES) >= 24
    assert verdicts.count(Verdict.DIFFERS) <= 1


@pytest.mark.parametrize("rival", ["params", "FLOPs", "nothing"])
def test_no_rule_is_claimed_where_only_capacity_decides(rival: str) -> None:
    claims = 0
    for seed in range(4):
        design = sampled(seed)
        trend = {"params": np.log(design.params), "FLOPs": np.log(design.flops), "nothing": np.zeros(NETWORKS)}[rival]
        families = families_of(design_of(design.with_score(trend + 0.4 * noise(seed)), PUBLISHED, seed), seed)
        claims += sum(family.verdict.claims for family in families)
    assert claims == 0
