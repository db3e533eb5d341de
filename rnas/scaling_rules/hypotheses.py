"""The rivals: how much of the scores capacity explains, and how much shares do."""

from collections.abc import Mapping

from rnas.scaling_rules.design_matrix import CAPACITY, FLOPS, PARAMS, DesignMatrix
from rnas.statistics.mixed_model import MixedModel

Explained = Mapping[str, float]


def explained(design: DesignMatrix) -> Explained:
    """By hypothesis, the share of the scores' variance that it foretells, each score from all others; below 0 is none.

    FLOPs alone, params alone and both together are the rivals of "FLOPs and shares". Where params do as well as shares,
    a rule of shares may be one of capacity: late stages hold most parameters.
    """
    blocks = design.of_blocks()
    shares = design.of_parts()
    covariances = {
        "FLOPs": (design.fixed((FLOPS,)), design.of_capacity((FLOPS,))),
        "params": (design.fixed((PARAMS,)), design.of_capacity((PARAMS,))),
        "FLOPs and params": (design.fixed(CAPACITY), design.of_capacity(CAPACITY)),
        "FLOPs and shares": (design.fixed((FLOPS,)), [*design.of_capacity((FLOPS,)), *shares]),
    }
    if blocks:
        covariances["FLOPs and block"] = (design.fixed((FLOPS,)), [*design.of_capacity((FLOPS,)), *blocks])
    score = design.observations.score
    models = {name: MixedModel(score, *covariance) for name, covariance in covariances.items()} | {"all": design.model}
    return {name: 1 - float((model.left_out() ** 2).mean() / score.var()) for name, model in models.items()}
