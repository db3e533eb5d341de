"""Estimate the effects of the choices of block variables on the score."""

from dataclasses import dataclass

import numpy as np

from rnas.scaling_rules._design_matrix import CAPACITY, DesignMatrix
from rnas.scaling_rules.shares import interval_of
from rnas.statistics._holm import holm
from rnas.statistics.interval import Interval
from rnas.statistics.mixed_model import MixedModel, sample_mvn

_DRAWS = 2000


@dataclass(frozen=True)
class BlockEffect:
    """The effect of one choice, adjusted for FLOPs, params, shares and the other block variables.

    Attributes:
        variable: name of the block variable, such as "topology".
        value: the choice, such as "robust-res-block".
        evaluations: number of evaluations with this choice.
        effect: effect on the score, relative to the mean over the choices of its variable, with its 90 % interval. The
            mixed model shrinks it towards 0.
        p_value: p-value of the hypothesis that the variable has no effect, corrected for the number of variables
            (Holm).
    """

    variable: str
    value: str
    evaluations: int
    effect: Interval
    p_value: float


def block_effects(design: DesignMatrix, rng: np.random.Generator) -> tuple[BlockEffect, ...]:
    """Estimate the effect of each choice of each block variable that varies, in the order of the variables."""
    if not design.blocks:
        return ()
    score = design.observations.score
    capacity = design.of_capacity(CAPACITY)
    p_values = []
    for name, columns in design.blocks.items():
        others = [*capacity, *design.of_blocks(without=name), *design.of_parts(), design.of_all]
        p_values.append(MixedModel(score, design.fixed(CAPACITY), others).p_value(columns @ columns.T, rng))
    found = []
    for name, p_value in zip(design.blocks, holm(p_values), strict=True):
        columns, values = design.blocks[name], design.observations.blocks[name]
        choices, counts = np.unique(values, return_counts=True)
        places = np.eye(len(choices)) - 1 / len(choices)
        function = design.block_function(name)
        mean, covariance = design.model.posterior([function], [places @ columns.T], [places @ places.T])
        effects = sample_mvn(mean, covariance, _DRAWS, rng)
        found += [
            BlockEffect(name, str(choice), int(count), interval_of(effects[row]), p_value)
            for row, (choice, count) in enumerate(zip(choices, counts, strict=True))
        ]
    return tuple(found)
